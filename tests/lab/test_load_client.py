"""The client of load, against load's own API."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from labctl.errors import CouldNotJudge, UsageError
from labctl.lab.load_client import LoadClient
from labctl.slo.sli import Tally
from load.api import Api
from load.ledger import Ledger
from load.pace import Pace
from load.profiles import parse
from load.seconds import Fate, Seconds
from load.timetable import Timetable


class Load:
    """A load without users: its API in this process."""

    def __init__(self, run: str = "run") -> None:
        self.pace = Pace(Seconds(), Timetable("seed"))
        self.ledger = Ledger(run)
        self.pace.change(parse({"profile": "steady", "rate": 0, "journeys": {"home": 2}}))
        api = Api(run, self.pace, self.ledger)
        self.client = LoadClient("http://load", transport=httpx.WSGITransport(api))

    def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for _, number, journey in self.pace.begin_second():
                self.pace.seconds.settle(number, journey, Fate.GOOD, 0.002)


def broken(answer: Callable[[httpx.Request], httpx.Response]) -> LoadClient:
    return LoadClient("http://load", transport=httpx.MockTransport(answer))


def test_a_poll_brings_final_seconds_whose_they_are_and_the_present_one() -> None:
    """The second in progress is `now`, and not among them."""
    load = Load()
    load.live(4)
    sli = load.client.poll(after=1)
    assert (sli.run, sli.now) == ("run", 4)
    assert [second.number for second in sli.seconds] == [2, 3]
    assert sli.seconds[0].journeys["home"] == Tally(due=2, good=2)
    assert sli.seconds[0].journeys["cart"] == Tally()
    assert sli.seconds[0].expected["home"] == 2
    assert sli.seconds[0].late_p99_ms == 2
    assert load.client.seconds(after=2) == sli.seconds[1:]


def test_the_run_tells_two_loads_apart() -> None:
    """A restarted load numbers its seconds anew, so the driver must notice."""
    assert Load("one").client.poll().run == "one"
    load = Load("two")
    load.live(1)
    assert load.client.run() == "two"


def test_before_the_first_second_load_is_not_ready() -> None:
    """A stack is up when users come."""
    with pytest.raises(CouldNotJudge, match="no user has come yet"):
        Load().client.run()


def test_traffic_is_changed_and_told() -> None:
    """What was set is what is told, from the next second on."""
    load = Load()
    load.live(2)
    load.client.set_profile("surge", rate=10, times=3)
    profile = load.client.profile()
    assert (profile["profile"], profile["rate"], profile["times"]) == ("surge", 10, 3)
    assert (profile["since"], sum(profile["expected"].values())) == (3, pytest.approx(30))


def test_a_profile_that_load_does_not_know_is_a_usage_error() -> None:
    """With the names that there are; the traffic stays as it was."""
    load = Load()
    before = load.client.profile()
    with pytest.raises(UsageError, match="weekday-peak, steady, ramp, burst, surge"):
        load.client.set_profile("weekend")
    with pytest.raises(UsageError, match="no 'speed'"):
        load.client.set_profile("steady", speed=1)
    assert load.client.profile() == before


def test_the_ledger_is_told_whole_and_from_a_point_on() -> None:
    """Also when it takes several pieces."""
    load = Load()
    for number in range(450):
        load.ledger.accepted(load.ledger.begin(f"key-{number}", 1, 5, 0.0), number, "paid")
    orders = load.client.ledger()
    assert [order["order"] for order in orders] == list(range(450))
    assert orders[0] == {
        "seq": 1,
        "order": 0,
        "key": "key-0",
        "customer": 1,
        "total_cents": 5,
        "state": "paid",
        "placed_s": 0.0,
    }
    assert [order["seq"] for order in load.client.ledger(after=448)] == [449, 450]


def test_reset_brings_back_the_usual_traffic_and_forgets_orders() -> None:
    """The shop's data is new: an order of before would be missed for ever."""
    load = Load()
    load.ledger.begin("key", 1, 5, 0.0)
    load.client.reset()
    assert load.client.profile()["profile"] == "weekday-peak"
    assert load.client.ledger() == []


def test_a_load_that_does_not_answer_cannot_be_judged_by() -> None:
    """The error says what was asked, where, and what happened instead."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(CouldNotJudge, match=r"GET /sli at http://load.*connection refused"):
        broken(refuse).poll()


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (httpx.Response(502, text="bad gateway"), "status 502: bad gateway"),
        (httpx.Response(200, text="<html>"), "no JSON object: '<html>'"),
        (httpx.Response(200, json=[]), "no JSON object"),
        (httpx.Response(200, json={"run": "x", "now": 1}), "without 'seconds'"),
        (httpx.Response(200, json={"run": "x", "now": 1, "seconds": [{"second": 1}]}), "without 'wall_s'"),
    ],
)
def test_a_strange_answer_is_told_as_it_is(response: httpx.Response, said: str) -> None:
    """No data is never a pass, and half of it neither."""
    with pytest.raises(CouldNotJudge, match=said):
        broken(lambda _: response).poll()


def test_an_unknown_path_names_what_there_is() -> None:
    """For people with curl."""
    api = Api("run", Load().pace, Ledger("run"))
    with httpx.Client(transport=httpx.WSGITransport(api), base_url="http://load") as client:
        assert client.get("/nope").status_code == 404
        assert "GET /sli" in client.get("/nope").json()["error"]
        assert client.get("/sli?after=x").status_code == 400
        assert client.put("/profile", content=b"{").status_code == 400
        assert client.put("/profile", json=[]).status_code == 400
