"""Load as a process: its users, its API, its end; and the proof that it is open-loop."""

from __future__ import annotations

import json
import signal
import socketserver
import subprocess
import threading
import time
from sys import executable

import pytest

from labctl.lab.load_client import LoadClient
from labctl.slo.sli import Second, Tally
from tests.services.parts import SERVICES, eventually, free_port
from tests.services.processes import ROOT, Parts

ONLY_HOME = {
    "home": 100,
    **dict.fromkeys(("product", "search", "cart", "checkout", "order-status", "account-history"), 0),
}
STALL_S, RUN_S = 5.0, 40
THRESHOLD_S = 0.4

pytestmark = pytest.mark.integration


def _total(seconds: list[Second], journey: str) -> Tally:
    return sum((second.journeys[journey] for second in seconds), Tally())


def _seconds(client: LoadClient, count: int) -> list[Second]:
    """So many final seconds after the first two, in which everything is new."""
    eventually(lambda: len(client.seconds(after=2)) >= count, within_s=count + 15, what="enough seconds")
    return list(client.seconds(after=2))[:count]


def test_a_right_shop_is_all_good(parts: Parts) -> None:
    """Every journey arrives at its rate and finds nothing wrong, and the ledger has its orders."""
    _, client = parts.load(parts.shop())
    seconds = _seconds(client, 4)
    assert [second.number for second in seconds] == [3, 4, 5, 6]
    for journey, rate in seconds[0].expected.items():
        tally = _total(seconds, journey)
        assert (tally.due, tally.bad, tally.shed) == (4 * rate, 0, 0), journey
        assert tally.good > 0, journey  # not all: a busy machine makes a shop slow
    orders = client.ledger()
    assert {"paid", "refused"} >= {order["state"] for order in orders[:20]} >= {"paid"}


def test_a_shop_that_is_not_there_is_all_bad(parts: Parts) -> None:
    """Nothing is retried, nothing hangs, every arrival is counted; then SIGTERM ends it cleanly."""
    process, client = parts.load(free_port())
    seconds = _seconds(client, 2)
    for journey, rate in seconds[0].expected.items():
        tally = _total(seconds, journey)
        assert (tally.due, tally.bad) == (2 * rate, 2 * rate), journey
    assert process.end() == 0


def test_users_give_up_at_the_deadline(parts: Parts) -> None:
    """A shop that accepts and never answers: a second is final five seconds after its end."""
    _, client = parts.load(parts.shop(0, 60))
    seconds = _seconds(client, 2)
    sli = client.poll()
    behind = sli.now - sli.seconds[-1].number
    assert 5 <= behind <= 8
    assert all(tally.bad == tally.due for second in seconds for tally in second.journeys.values())


class _SlamShut(socketserver.BaseRequestHandler):
    slammed = 0

    def handle(self) -> None:
        type(self).slammed += 1


def test_a_closed_connection_is_not_tried_again(parts: Parts) -> None:
    """One request is one connection: a shop that hangs up must not be flooded by our own retries."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _SlamShut) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        process, client = parts.load(server.server_address[1])
        seconds = _seconds(client, 3)
        process.end()
        server.shutdown()
    assert all(tally.bad == tally.due for second in seconds for tally in second.journeys.values())
    assert _SlamShut.slammed <= 52 * (seconds[-1].number + 3)  # what came until load ended, and no more


def test_a_load_that_was_held_up_says_so(parts: Parts) -> None:
    """Frozen for 7 s: no second is left out, every arrival is counted, and the lateness tells."""
    process, client = parts.load(parts.shop())
    _seconds(client, 1)
    assert process.child
    process.child.send_signal(signal.SIGSTOP)
    frozen = time.monotonic()
    eventually(lambda: time.monotonic() - frozen > 7, what="7 s have passed")
    process.child.send_signal(signal.SIGCONT)
    seconds = _seconds(client, 10)
    assert [second.number for second in seconds] == list(range(3, 13))
    assert all(sum(tally.due for tally in second.journeys.values()) == 52 for second in seconds)
    late = [second for second in seconds if second.late_p99_ms > 50]
    assert len(late) >= 7
    assert max(second.late_p99_ms for second in late) > 5000


@pytest.mark.timeout(120)
def test_a_stall_is_felt_by_everyone_who_came_meanwhile(parts: Parts) -> None:
    """Open-loop: one stall of 5 s in 40 s at 100/s makes (5 s - threshold) / 40 s of users late.

    Locust's own pacing, on the same shop at the same time, sees a fifth of that: each of its users
    waits through the stall and skips what it should have sent.
    """
    open_port, closed_port = parts.shop(10, STALL_S), parts.shop(10, STALL_S)
    _, client = parts.load(open_port)
    client.set_profile("steady", journeys=ONLY_HOME)
    closed = subprocess.Popen(
        [executable, "-m", "tests.services.closed_loop", str(closed_port), str(RUN_S)],
        env={"PYTHONPATH": f"{SERVICES}:{ROOT}"},
        stdout=subprocess.PIPE,
    )
    told, _ = closed.communicate(timeout=RUN_S + 20)
    seconds = _seconds(client, RUN_S)
    tally = _total(seconds, "home")
    expected = (STALL_S - THRESHOLD_S) / RUN_S
    assert tally.due == 100 * RUN_S
    assert tally.failed_share == pytest.approx(expected, rel=0.13)
    assert 0.10 <= tally.failed_share <= 0.13
    counts = json.loads(told)
    assert counts["all"] > 90 * (RUN_S - STALL_S)
    assert 0.01 < counts["slow"] / counts["all"] < 0.04
