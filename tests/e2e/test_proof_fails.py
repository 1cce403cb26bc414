"""A proof fails on real parts: whatever is not true of a scenario is found, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import assets
from labctl.engine.machine import Phase
from labctl.lab.lab import open_lab
from labctl.runtimes.base import Signal
from tests.e2e.terminal import Terminal, reaches

# Each run has the same on the fake runtime, in milliseconds: tests/engine/test_verify.py.
pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    """A folder of one's own, for $LABCTL_SCENARIOS."""
    return tmp_path


def rewritten(folder: Path, *replacements: tuple[str, str]) -> dict[str, str]:
    """The lab's scenario under the name `rewritten`, with parts replaced; the environment that finds it."""
    text = (assets.path("scenarios") / "pool-shrunk.yaml").read_text()
    named = (("id: pool-shrunk", "id: rewritten"), ("code: checkout-03", "code: checkout-99"))
    for old, new in (*named, *replacements):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "rewritten.yaml").write_text(text)
    return {"LABCTL_SCENARIOS": str(folder)}


def test_a_fault_that_hurts_nobody_fails(shared: Terminal, scenarios: Path) -> None:
    """An innocent release in the guilty one's place: exit 1, and users are said to be well."""
    innocent = (("release: 2.4.0}\nexpect", "release: 2.3.1}\nexpect"), ("red: 20s", "red: 10s"))
    theirs = rewritten(scenarios, *innocent)
    done = shared.types(
        "verify", "rewritten", "--only", "fix:run four replicas", "--lab", "lab", within_s=240, **theirs
    )
    assert done.code == 1, done.out + done.err
    assert "FAIL red checkout: the fault does not reproduce: checkout 0.0% bad of" in done.plain
    assert "within 10 s, red is 5% over 10 s" in done.plain
    assert "rewritten: not proven on local" in done.plain


def test_an_action_that_is_refused_fails(shared: Terminal, scenarios: Path) -> None:
    """The bank is not ours: a decoy that restarts it is a mistake in the file. Exit 1, and why."""
    theirs = rewritten(scenarios, ("restart: {component: postgres}", "restart: {component: bank}"))
    done = shared.types(
        "verify", "rewritten", "--only", "decoy:restart Postgres", "--lab", "lab", within_s=240, **theirs
    )
    assert done.code == 1, done.out + done.err
    assert "ok page CheckoutBudgetBurn" in done.plain
    assert "bank is not ours to change: it is a third party's" in done.plain
    assert "rewritten: not proven on local" in done.plain


def test_a_load_that_dies_cannot_be_judged(shared: Terminal) -> None:
    """Without the witness there is no verdict: exit 3, and what became of it; the lab heals."""
    proof = shared.starts("verify", "pool-shrunk", "--only", "fix:roll back checkout", "--lab", "lab")
    reaches(Phase.BASELINE)
    open_lab().runtime.signal("load-1", Signal.KILL)
    done = proof.ends(within_s=240)
    assert done.code == 3, done.out + done.err
    assert "the load was restarted during the drill" in done.plain or "load did not answer" in done.plain
    assert "pool-shrunk: could not judge on local" in done.plain
    assert "ok reset clean: as it ships, verified" in done.plain
