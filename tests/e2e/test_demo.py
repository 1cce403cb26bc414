"""The demo keeps what the README promises of it, in the order in which it promises it."""

from __future__ import annotations

import re

import pytest

from labctl.lab.home import names
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

PAGE = r"Alertmanager pages: CheckoutBudgetBurn, \d+\.\d s after the fault"
"""Prometheus may be quicker than the load, which waits for each second's slowest user."""
PROMISES = (
    r"Healthy: 7 journeys green over \d+ s; the lowest is",
    r"Fault: deploy checkout 2\.4\.0",
    r"Users are hurt: \d+ % of checkout requests were not good, red \d+ s after the fault",
    r"Support: customers write that paying takes for ever",
    r"requests for a connection queue up: \d+, required above 4",
    r"a statement takes milliseconds, so that Postgres is not what is slow: 0\.0\d+, required below 0\.05",
    r"A plausible idea: restart Postgres",
    r"Users: checkout \d+ of \d+ good \(\d+ late, \d+ failed\)",
    r"It does not help: the database is idle",
    r"The judge says: not restored: held 0 s of 30 s; .*? of 99 %",
    r"What helps: roll back checkout",
    r"Fix: roll checkout back to 2\.3\.0",
    r"The hold is complete: held 30 s of 30 s; every journey green",
    r"Challenge: what was sick is restarted",
    r"Verdict: mitigated\.",
)


@pytest.mark.long  # CI plays the demo by itself, as users do: .ci/run
@pytest.mark.timeout(600)
def test_the_demo_plays_from_healthy_to_mitigated(terminal: Terminal) -> None:
    """Exit 0: each promise of the README in real numbers, the verdict and debrief on stdout, no lab left."""
    done = terminal.types("demo", within_s=540)
    assert done.code == 0, done.out + done.err
    told, at = " ".join(re.sub(r"(?m)^(\d\d:\d\d|     )  ", "", done.err).split()), 0
    for promise in PROMISES:
        found = re.search(promise, told[at:])
        assert found, f"after {told[max(0, at - 300) : at]!r} comes no {promise!r}:\n{done.err}"
        at += found.end()
    assert re.search(PAGE, told.partition("Support:")[0]), done.err
    assert done.out.startswith("mitigated\n- held 30 s of 30 s")
    for said in (
        "challenge restart:",
        "What happened Release 2.4.0 of checkout cut its connection pool from 8 to 2.",
        "What contributed",
        "What would fix it for good",
    ):
        assert said in done.plain
    assert names() == []
