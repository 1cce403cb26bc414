"""Families: scenarios that open alike, so that nothing but looking tells their incidents apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from labctl.scenario.model import Scenario

Families = Mapping[str, tuple[Scenario, ...]]


def families(scenarios: Iterable[Scenario]) -> Families:
    """Family → its scenarios, both in the order of their names; one without siblings is a family of one."""
    found: dict[str, list[Scenario]] = {}
    for scenario in sorted(scenarios, key=lambda each: (each.family, each.code)):
        found.setdefault(scenario.family, []).append(scenario)
    return {name: tuple(members) for name, members in found.items()}


def opening(scenario: Scenario) -> dict[str, object]:
    """What a learner can see of it up to the page, and the page itself, by where in the file it stands.

    Code, level and expected time are left out: they may differ, and tell how hard an incident is and not
    which. So is what a look at the shop shows, such as its changes: to look is the drill.
    """
    return {
        "title": scenario.title,
        "briefing": scenario.briefing,
        "skills": scenario.skills,
        "load": scenario.load,
        "objectives": dict(scenario.objectives),
        "expect.journey": scenario.expect.journey,
        "expect.page": scenario.expect.page,
        "page": scenario.page,
        "voices": scenario.voices,
    }


def told_apart(members: Iterable[Scenario]) -> dict[str, dict[str, object]]:
    """What the members of one family do not open with alike: its place in the file → what each has there."""
    openings = {scenario.id: opening(scenario) for scenario in members}
    found = {}
    for place in next(iter(openings.values()), {}):
        said = {name: each[place] for name, each in openings.items()}
        if any(value != next(iter(said.values())) for value in said.values()):
            found[place] = said
    return found
