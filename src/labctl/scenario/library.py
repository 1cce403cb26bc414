"""The library as a page for people: `python -m labctl.scenario.library` writes `docs/scenarios.md`.

What a learner may read stands open; what gives an incident away is folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from labctl import assets
from labctl.clock import duration
from labctl.scenario import catalog
from labctl.scenario.family import families
from labctl.scenario.loader import load
from labctl.scenario.model import Fix, Scenario

FILE = ("docs", "scenarios.md")
_HEAD = """\
# The incidents

To choose from: what you would notice, and what you would practise. Incidents of one family open alike, with
the same words and the same page, so that only looking tells them apart. Level 1 is a first drill, 5 is for
veterans. Times, from page to claim, are their authors' estimates and not measured. Begin with
`labctl drill CODE`; `labctl list` shows which you have done.

Names, causes and fixes are folded under *Spoilers*, for those who teach. Open one and its drill is spent.
This page is made from the files in [scenarios/](../scenarios), by `python -m labctl.scenario.library`.
"""


def shipped() -> dict[str, Scenario]:
    """The lab's own scenarios by their files, as `scenarios/pool-shrunk.yaml`; drafts are none of them."""
    own = assets.path("scenarios")
    entries = [entry for entry in catalog.entries({}) if entry.path.is_relative_to(own)]
    return {f"scenarios/{entry.path.relative_to(own).as_posix()}": load(entry.path) for entry in entries}


def text(scenarios: dict[str, Scenario]) -> str:
    """The page of these scenarios, by their files."""
    files = {scenario.id: file for file, scenario in scenarios.items()}
    parts = [_HEAD, *_index(scenarios.values())]
    for name, members in families(scenarios.values()).items():
        parts.append(f"## {name}\n")
        for scenario in members:
            parts += _section(scenario, files[scenario.id])
    return "\n".join(parts)


def _index(scenarios: Iterable[Scenario]) -> Iterator[str]:
    yield "| code | family | level | time | what you would notice |\n|---|---|---|---|---|"
    for members in families(scenarios).values():
        for each in members:
            link = f"[{each.code}](#{_anchor(each)})"
            yield f"| {link} | {each.family} | {each.level} | {_time(each)} | {each.title} |"
    yield ""


def _heading(scenario: Scenario) -> str:
    return f"{scenario.code} {scenario.title}"


def _anchor(scenario: Scenario) -> str:
    """Of its heading, as Markdown's readers make them: lower case, no punctuation."""
    return re.sub(r"[^\w -]", "", _heading(scenario).lower()).replace(" ", "-")


def _section(scenario: Scenario, file: str) -> Iterator[str]:
    yield f"### {_heading(scenario)}\n"
    yield from _open(scenario)
    yield f"<details>\n<summary>Spoilers of {scenario.code}</summary>\n"
    yield from _folded(scenario, file)
    yield "</details>\n"


def _open(scenario: Scenario) -> Iterator[str]:
    """What a learner sees anyway."""
    yield f"Level {scenario.level}, {_time(scenario)}. Journey: {scenario.expect.journey}.\n"
    yield f"{scenario.briefing}\n"
    alert = f"**{scenario.expect.page}**" if scenario.expect.page else "Nobody is paged; somebody says"
    yield f"> {alert}" + (f"\\\n> {scenario.page}\n" if scenario.page else "\n")
    if scenario.skills:
        yield f"Practises: {'; '.join(scenario.skills)}.\n"


def _folded(scenario: Scenario, file: str) -> Iterator[str]:
    yield f"[{scenario.id}](../{file}): {scenario.debrief.about}\n"
    if scenario.requires:
        yield f"Needs {', '.join(scenario.requires)}.\n"
    yield "What mitigates it:\n"
    for fix in scenario.fixes:
        yield f"- {_fix(fix)}"
    for name, universal in scenario.universal.items():
        yield f"- {name.replace('-', ' ')}: {universal.why}"
    yield ""


def _fix(fix: Fix) -> str:
    stopgap = " (a stopgap)" if fix.survives == () else ""
    return f"{fix.name}{stopgap}" + (f": {fix.why}" if fix.why else "")


def _time(scenario: Scenario) -> str:
    return f"about {duration(scenario.expected_time)}" if scenario.expected_time else "no estimate"


if __name__ == "__main__":
    assets.root().joinpath(*FILE).write_text(text(shipped()), encoding="utf-8")
