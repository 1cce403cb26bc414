"""cpu-throttle: a limit that fits the average, and work that wants the CPU for a moment each second."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually
from tests.services.processes import Parts

from entrypoint import materialise
from labctl.lab.load_client import LoadClient
from labctl.runtimes.local import cgroup
from labctl.runtimes.local.identity import Identity
from labctl.runtimes.local.limits import Limiter
from labctl.scenario.family import told_apart
from labctl.slo.openslo import objectives
from labctl.slo.sli import Second, Tally
from labctl.stack.wanted import Limits
from shared.catalogue import LISTED

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASE = "3.1.5"
_TRY = """
from time import thread_time
from catalog.listing import Candidate, diverse
from catalog.trials import improved, worth
from shared import catalogue
candidates = [
    Candidate(each, name, 100, 1000000 // (20 + each), frozenset(name.split()))
    for each in range(1, 401)
    for name in [catalogue.product_name(each)]
]
chosen = diverse(candidates, catalogue.LISTED)
times = [thread_time()]
none = improved(chosen, candidates, cpu_s=0.0)
times.append(thread_time())
some = improved(chosen, candidates, cpu_s=0.1)
times.append(thread_time())
print(times[1] - times[0], times[2] - times[1], worth(chosen), worth(none), worth(some), len(set(some)))
"""


@contextmanager
def limited(shop: Shop, cpus: float | None) -> Iterator[None]:
    """For the block catalog may use so many CPUs, as the local runtime sees to it; then it ends."""
    child = shop.processes["catalog"].child
    assert child
    identity = Identity.of(child.pid)
    assert identity
    places = cgroup.usable(f"test-{child.pid}")
    limiter = Limiter([path / "catalog" for path in places], Limits(cpus=cpus))
    for door in limiter.doors:
        (door / "cgroup.procs").write_text(str(child.pid))
    limiter.begin(identity)
    over = threading.Event()
    ticking = threading.Thread(target=_tick, args=(limiter, over))
    ticking.start()
    try:
        yield
    finally:
        over.set()
        ticking.join()
        limiter.set(Limits())
        shop.processes["catalog"].end()
        limiter.close()
        for path in places:
            cgroup.Group(path).remove()


def _tick(limiter: Limiter, over: threading.Event) -> None:
    while not over.wait(0.05):
        limiter.tick(time.monotonic(), frozen=lambda: False)


def settings(**changed: str) -> dict[str, str]:
    """The flags of the scenario's noise, as the shop takes them, and what else is turned."""
    steps = [act.action.step() for act in library("cpu-throttle").noise if act.action.name == "flag"]
    turned = {str(step["flag"]["name"]): str(step["flag"]["value"]) for step in steps}
    return {name.replace("-", "_"): value for name, value in turned.items() if name != "new-banner"} | changed


def fault_cpus() -> float:
    (fault,) = library("cpu-throttle").faults
    return float(fault.action.step()["limit"]["cpus"])


@pytest.fixture
def users(shop: Shop, tmp_path: Path) -> Iterator[LoadClient]:
    """Load's own users, at a weekday's peak, in front of the shop; whom the test limited is itself again."""
    parts = Parts(tmp_path)
    try:
        yield parts.load(shop.ports["edge"])[1]
    finally:
        parts.end()
        shop.restart("catalog")


def felt(users: LoadClient, *, settle_s: int = 4, seconds: int = 14) -> dict[str, Tally]:
    """What they got of each journey, within so many seconds from soon after now."""
    first = users.poll().now + settle_s
    numbers = range(first, first + seconds)

    def final() -> list[Second]:
        found = [each for each in users.seconds(after=first - 1) if each.number in numbers]
        return found if len(found) == seconds else []

    known = eventually(final, within_s=settle_s + seconds + 20, what="so many seconds are final")
    return {name: sum((each.journeys[name] for each in known), Tally()) for name in known[0].journeys}


def late(tally: Tally) -> float:
    return (tally.due - tally.good) / tally.due


@pytest.mark.integration
def test_pages_come_late_and_nothing_else_is_hurt(shop: Shop, users: LoadClient) -> None:
    """Limited to the average, two in five more than with a core; hardly one is lost, and paying is well."""
    shop.restart("catalog", RELEASE=RELEASE)
    shop.flags(**settings())
    with limited(shop, 1.0):
        well = felt(users)
    shop.restart("catalog", RELEASE=RELEASE)
    with limited(shop, fault_cpus()):
        hurt = felt(users)
    assert late(hurt["product"]) - late(well["product"]) > 0.25
    assert hurt["product"].bad - well["product"].bad < 0.05 * hurt["product"].due
    assert late(hurt["checkout"]) - late(well["checkout"]) < 0.1


@pytest.mark.integration
def test_without_trials_the_limit_is_enough(shop: Shop, users: LoadClient) -> None:
    """What requests need fits into it, with room for the listing that the shop had before."""
    shop.restart("catalog", RELEASE=RELEASE)
    shop.flags(**settings(catalog_home_trials="0s"))
    with limited(shop, fault_cpus()):
        without = felt(users)["product"]
        shop.flags(**settings())
        assert late(felt(users)["product"]) - late(without) > 0.25


@pytest.mark.integration
@pytest.mark.parametrize(
    ("release", "turned"),
    [("3.1.4", {}), (RELEASE, {"catalog_recommendations": "off"})],
    ids=["3.1.4", "less"],
)
def test_what_does_not_need_less_of_it_does_not_help(
    shop: Shop, users: LoadClient, release: str, turned: dict[str, str]
) -> None:
    """The release before makes the same trials; and pages that ask for less wait for the same CPU."""
    shop.restart("catalog", RELEASE=release)
    shop.flags(**settings(**turned))
    with limited(shop, fault_cpus()):
        assert late(felt(users)["product"]) > 0.2


@pytest.mark.parametrize("release", [RELEASE, "3.1.4"])
def test_trials_take_the_cpu_time_that_they_are_given(release: str, tmp_path: Path) -> None:
    """Whatever the machine: it decides how many fit in; and the listing is never worth less for them."""
    materialise("catalog", release, tmp_path / "settings", tmp_path / "tree")
    environment = {"PATH": os.environ["PATH"], "SERVICE": "catalog", "PYTHONPATH": str(tmp_path / "tree")}
    done = subprocess.run(
        [sys.executable, "-c", _TRY], env=environment, capture_output=True, check=True, text=True
    )
    none_s, some_s, before, none, after, different = map(float, done.stdout.split())
    assert none_s < 0.02
    assert 0.1 <= some_s < 0.12
    assert before == none < after
    assert different == LISTED


def test_the_limit_is_the_average_and_the_listing_a_second_of_it() -> None:
    """Long enough to be late for, short enough that every page comes; and a core is enough for it."""
    burst_s = float(settings()["catalog_home_trials"].removesuffix("ms")) / 1000 / fault_cpus()
    (promise,) = (each for each in objectives() if each.journey == "product")
    assert 2.5 * promise.threshold_s < burst_s < 1.0
    assert float(settings()["catalog_home_refresh"].removesuffix("s")) < 1.2 * burst_s


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    assert told_apart([library("cpu-throttle"), library("db-latency")]) == {}
