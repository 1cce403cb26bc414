"""An attempt that could not be judged is made once more, and told; one that failed never is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from labctl.scenario import catalog
from tests.e2e.judged import judged
from tests.e2e.terminal import Done, Terminal

POOL = catalog.find("pool-shrunk")
FIX = POOL.fixes[0].name
UNJUDGED = f"??    fix       {FIX}: could not judge: held 30 s of 30 s;\n                the load was late\n"
DECOY = "??    decoy     scale to zero: could not judge: the load was late\n"
MITIGATED = f"ok    fix       {FIX}: mitigated: held 30 s of 30 s\n"
GREEN, RHO = "ok    green     baseline: green\n", "ok    rho       connections of checkout, fixed: ρ 0.36\n"
RESET = "ok    reset     clean: as it ships, verified\n"


@dataclass
class Typed:
    """A terminal with these answers; it remembers what was typed."""

    answers: list[Done]
    typed: list[tuple[str, ...]] = field(default_factory=list)

    def types(self, *words: str, within_s: float) -> Done:
        self.typed.append(words)
        return self.answers.pop(0)


def run(code: int, out: str, *answers: Done) -> tuple[list[str], list[tuple[str, ...]]]:
    """The checks that count in the end, and what was typed for them."""
    terminal = Typed(list(answers))
    return judged(cast("Terminal", terminal), Done(code, out, ""), POOL), terminal.typed


def test_what_came_out_is_not_asked_again() -> None:
    assert run(0, GREEN + MITIGATED) == (
        ["ok green baseline: green", f"ok fix {FIX}: mitigated: held 30 s of 30 s"],
        [],
    )


def test_an_unjudged_attempt_is_made_once_more_alone_and_a_warning_says_so() -> None:
    """Its verdict and what is measured after it take the place of the one that nobody could give."""
    again = Done(0, GREEN + MITIGATED + RHO + RESET, "")
    with pytest.warns(UserWarning, match="pool-shrunk is asked again: .*the load was late"):
        said, typed = run(3, GREEN + UNJUDGED + RESET, again)
    assert typed == [("verify", "pool-shrunk", "--only", f"fix:{FIX}")]
    assert [each.split(":")[0] for each in said] == [
        "ok green baseline",
        "ok reset clean",
        f"ok fix {FIX}",
        "ok rho connections of checkout, fixed",
    ]


def test_a_fix_on_an_overloaded_machine_is_asked_again_too() -> None:
    """Whatever a verdict is missing for: it did not help, and the machine may be why."""
    busy = f"??    fix       {FIX}: the machine was 95% busy, too busy to tell (90%): not restored\n"
    with pytest.warns(UserWarning, match="too busy to tell"):
        said, _ = run(3, busy, Done(0, MITIGATED, ""))
    assert said == [f"ok fix {FIX}: mitigated: held 30 s of 30 s"]


def test_a_universal_decoy_is_asked_by_its_own_name() -> None:
    """It is printed without the hyphens that `--only` wants."""
    with pytest.warns(UserWarning, match="asked again"):
        _, typed = run(
            3, DECOY, Done(0, DECOY.replace("??", "ok").replace("could not judge", "not restored"), "")
        )
    assert typed[0][-1] == "decoy:scale-to-zero"


@pytest.mark.parametrize(
    ("code", "out"),
    [
        (1, MITIGATED.replace("ok  ", "FAIL") + UNJUDGED),
        (3, UNJUDGED + DECOY + DECOY),
        (3, GREEN.replace("ok", "??")),
        (3, GREEN),
    ],
    ids=["something failed", "three were not judged", "no verdict is missing", "it cannot run here"],
)
def test_all_else_is_never_asked_again(code: int, out: str) -> None:
    with pytest.raises(AssertionError):
        run(code, out)


def test_once_more_is_once(recwarn: pytest.WarningsRecorder) -> None:
    """Whoever can't judge a second time either has proven nothing."""
    with pytest.raises(AssertionError):
        run(3, UNJUDGED, Done(3, UNJUDGED, ""), Done(0, MITIGATED, ""))
    assert len(recwarn) == 1
