"""What `labctl verify` said of each attempt; one that a busy machine left unjudged is made once more."""

from __future__ import annotations

import re
import warnings

from labctl.proving.plan import plan
from labctl.scenario.model import Scenario, UniversalName
from tests.e2e.terminal import Done, Terminal

COULD_NOT_JUDGE = 3
MOST_AGAIN = 2
"""Attempts of a run that may be made once more; a machine that judges fewer proves nothing."""

_CHECK = re.compile(r"^(ok|FAIL|\?\?|-) +(\w+) +(.+)$")


def checks(done: Done) -> list[str]:
    """`mark phase text`, one per check, however it was wrapped."""
    found: list[str] = []
    for line in done.out.splitlines():
        if match := _CHECK.match(line):
            found.append(" ".join(match.groups()))
        elif line.startswith(" "):
            found[-1] += " " + line.strip()
    return found


def judged(terminal: Terminal, done: Done, *scenarios: Scenario) -> list[str]:
    """The checks of a run, each attempt of which came out: what could not be judged did when made once more.

    One lab alone makes it, on an injection of its own, and a warning tells of it. What failed is never made
    again, nor is anything but the verdict on a fix or a decoy asked again.
    """
    said = checks(done)
    unjudged = [each for each in said if each.startswith("?? ")]
    if done.code == COULD_NOT_JUDGE and 0 < len(unjudged) <= MOST_AGAIN:
        for each in unjudged:
            said.remove(each)
            said += _once_more(terminal, each, scenarios)
    else:
        assert done.code == 0, done.out + done.err
    return said


def _once_more(terminal: Terminal, unjudged: str, scenarios: tuple[Scenario, ...]) -> list[str]:
    """The verdict, and what is measured after it."""
    found = [
        (scenario, kind, name)
        for scenario in scenarios
        for kind, name in _attempts(scenario)
        if unjudged.startswith(f"?? {_said(kind, name)}")
    ]
    assert found, unjudged
    scenario, kind, name = found[0]
    warnings.warn(f"{scenario.id} is asked again: {unjudged}", stacklevel=2)
    done = terminal.types("verify", scenario.id, "--only", f"{kind}:{name}", within_s=400)
    assert done.code == 0, done.out + done.err
    said = checks(done)
    (at,) = (number for number, each in enumerate(said) if each.startswith(f"ok {_said(kind, name)}"))
    return [each for each in said[at:] if not each.startswith("ok reset ")]


def _said(kind: str, name: str) -> str:
    """How its line begins; the universal ones are printed without their hyphens."""
    printed = name.replace("-", " ") if name in set(UniversalName) else name
    return f"{kind} {printed}: "


def _attempts(scenario: Scenario) -> list[tuple[str, str]]:
    """Kind and name of each fix and each decoy, the universal ones too."""
    (task,) = plan([scenario], thorough=True)
    decoys = [("decoy", each.name) for part in task.parts for each in part.decoys]
    return [*decoys, *(("fix", part.fix.name) for part in task.parts if part.fix)]
