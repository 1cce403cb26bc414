"""Labs side by side: what befalls one, its neighbour never feels."""

from __future__ import annotations

import pytest

from labctl.judge import Colour, Reading, first_red, read
from labctl.lab.lab import Lab, open_lab
from labctl.slo.openslo import objectives
from tests.e2e.terminal import Terminal, soon

# The proofs of each run are made in two labs side by side, too.
pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.long, pytest.mark.timeout(600)]

CHANGES = ("deploy checkout 2.4.0", "flag new-banner on")
TARGETS = {each.journey: each.target for each in objectives()}


def felt(lab: Lab, first: int, last: int) -> Reading:
    """What the users of seconds `first`..`last` felt, and of as many more as a reading needs requests."""

    def there() -> Reading | None:
        ended = lab.load.seconds(after=first - 1)
        if not ended or ended[-1].number < last:
            return None
        reading = read(ended, TARGETS)
        return reading if all(each.due >= each.needed for each in reading.journeys) else None

    return soon(there, f"{last - first + 1} s of users and enough requests in {lab.name}")


def test_a_fault_in_one_lab_leaves_the_other_green(terminal: Terminal) -> None:
    """Broken, changed, reset and taken down beside it: the same processes go on serving everybody."""
    terminal.up("one")
    terminal.up("two")
    one, two = open_lab("one"), open_lab("two")
    processes = {each.identity for each in two.runtime.observe()}
    before = two.load.poll(after=0)

    broken = one.load.poll(after=0).now
    assert terminal.types("deploy", "checkout", "2.4.0", "--lab", "one").code == 0
    assert terminal.types("flag", "new-banner", "on", "--lab", "one").code == 0
    soon(
        lambda: first_red(one.load.seconds(after=0), "checkout", after=broken),
        "red checkouts in one",
        within_s=60,
    )
    assert (two.wanted()["checkout"].release, dict(two.wanted().flags)) == ("2.3.0", {})
    assert all(change in terminal.types("changes", "--lab", "one").out for change in CHANGES)
    assert not any(change in terminal.types("changes", "--lab", "two").out for change in CHANGES)

    reset = terminal.types("reset", "--lab", "one")
    assert reset.code == 0, reset.err
    assert terminal.types("down", "--lab", "one").code == 0

    reading = felt(two, before.now + 1, two.load.poll(after=0).now)
    assert {each.journey: each.colour for each in reading.journeys} == dict.fromkeys(TARGETS, Colour.GREEN)
    assert two.load.run() == before.run
    assert {each.identity for each in two.runtime.observe()} == processes
    assert terminal.types("down").code == 0  # the only one that is left
