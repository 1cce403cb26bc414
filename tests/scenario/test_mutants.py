"""Mutants: whatever is broken in a scenario of the catalogue, lint names the line or the proof the check.

The two tables below say which of them catches what; docs/authoring.md shows them to authors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.scenario import played

from labctl import assets
from labctl.proof import Grade
from labctl.scenario import catalog
from labctl.scenario.lint import lint
from labctl.scenario.loader import document, load, loads
from labctl.scenario.model import Scenario
from labctl.scenario.steps import Place

ENTRIES = catalog.entries({})
TRUE = {entry.id: load(entry.path) for entry in ENTRIES}
PLAYED = [entry for entry in ENTRIES if played.playable(TRUE[entry.id])]
Plain = dict[str, Any]
UNPROVEN = (Grade.FAILED, Grade.UNJUDGED)


class Linted(NamedTuple):
    """A mutant that lint catches: how it is made, where the mistake is, and what is said."""

    name: str
    make: Callable[[Plain], Place]
    said: str
    applies: Callable[[Scenario], bool] = lambda _: True


class Proven(NamedTuple):
    """A mutant that only the proof can catch: the check that fails, and the part that is proven."""

    name: str
    make: Callable[[Plain], object]
    check: str
    only: Callable[[Plain], str | None] = lambda _: None
    applies: Callable[[Scenario], bool] = lambda _: True


def put(*place: str | int, value: Any) -> Callable[[Plain], Place]:
    """Put a value at a place, which must be there."""

    def make(data: Plain) -> Place:
        holder: Any = data
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = value
        return place

    return make


def drop(*place: str | int) -> Callable[[Plain], Place]:
    """Take away what is at a place; the mistake is at what held it."""

    def make(data: Plain) -> Place:
        holder: Any = data
        for key in place[:-1]:
            holder = holder[key]
        del holder[place[-1]]
        return place[:-1]

    return make


def misspell_component(data: Plain) -> Place:
    ((name, parameters),) = data["faults"][0].items()
    if name in ("sql", "session", "job"):
        parameters["database"] = "shopx"  # the rest of them is what its author calls it
        return ("faults", 0, name, "database")
    key = next(key for key in ("component", "name") if key in parameters)
    parameters[key] = f"{parameters[key]}x"
    return ("faults", 0, name, key)


def misspell_metric(data: Plain) -> Place:
    index = next(index for index, each in enumerate(data["evidence"]) if "query" in each)
    query = data["evidence"][index]["query"]
    data["evidence"][index]["query"] = re.sub(r"\b([a-z_]+)(?=[{\[])", r"our_\1", query, count=1)
    return ("evidence", index, "query")


def another_number(data: Plain) -> Place:
    data["figures"][0]["about"] = 4711.5
    return ("figures", 0, "say")


def decoy_does_the_fix(data: Plain) -> Place:
    data["decoys"][0]["do"] = deepcopy(data["fixes"][0]["do"])
    return ("decoys", 0)


def fault_named_in_the_title(data: Plain) -> Place:
    data["title"] = f"{data['title']}: {data['id'].replace('-', ' ')}"
    return ("title",)


def hints_reversed(data: Plain) -> Place:
    costs = [hint["cost"] for hint in data["hints"]]
    for hint, cost in zip(data["hints"], reversed(costs), strict=True):
        hint["cost"] = cost
    return ("hints",)


def second_fix_named_like_the_first(data: Plain) -> Place:
    data["fixes"][1]["name"] = data["fixes"][0]["name"]
    return ("fixes", 1, "name")


def only_one(group: str) -> Callable[[Plain], Place]:
    def make(data: Plain) -> Place:
        data[group] = data[group][:1]
        return (group,)

    return make


def is_broken(scenario: Scenario) -> bool:
    """Judgement has rules of its own for how many ways there have to be."""
    return not scenario.judgement


def tells_figures(scenario: Scenario) -> bool:
    return bool(scenario.figures)


NOTHING = [{"flag": {"name": "maintenance", "value": "off"}}]

LINTED = [
    Linted("fault removed", put("faults", value=[]), "faults must not be empty"),
    Linted("fault that changes nothing", put("faults", value=NOTHING), "changes nothing here"),
    Linted("fault on something that is not there", misspell_component, "did you mean|there|'shop'"),
    Linted("journey misspelt", put("expect", "journey", value="chekout"), "there is no journey"),
    Linted("traffic that nobody knows", put("load", value={"profile": "burts"}), "no profile 'burts'"),
    Linted("page that does not exist", put("expect", "page", value="NobodyBurns"), "there is no alert"),
    Linted("red after ten minutes", put("expect", "red", value="10m"), "until users are hurt"),
    Linted("hold cut to zero", put("hold", value="0s"), "must be longer than nothing"),
    Linted("hold cut to five seconds", put("hold", value="5s"), "proves little"),
    Linted("duration without a unit", put("hold", value=30), "has no unit"),
    Linted("challenge without its steps", put("challenge", value={"kind": "replay"}), "needs steps"),
    Linted("unknown challenge", put("challenge", value="pray"), "cannot be"),
    Linted("objective of 100 %", put("objectives", value={"cart": 1}), "less than 1"),
    Linted("one fix", only_one("fixes"), "there is one fix", is_broken),
    Linted("fix that only waits", put("fixes", 0, "do", value=[{"wait": {"within": "5s"}}]), "but wait"),
    Linted("two fixes of one name", second_fix_named_like_the_first, "is here twice"),
    Linted("one decoy", only_one("decoys"), "there is one decoy", is_broken),
    Linted("decoy made a no-op", put("decoys", 0, "do", value=NOTHING), "changes nothing here"),
    Linted("decoy that is a fix", decoy_does_the_fix, "exactly what the fix"),
    Linted("decoy without a reason", drop("decoys", 0, "why"), "'why' is missing"),
    Linted("invariants removed", drop("invariants"), "there is no invariant"),
    Linted("evidence removed", drop("evidence"), "there is no evidence"),
    Linted("figure of another number", another_number, "does not tell it", tells_figures),
    Linted("metric misspelt", misspell_metric, "no component exports a metric"),
    Linted("cause in the title", fault_named_in_the_title, "gives the cause away"),
    Linted("hints removed", drop("hints"), "there are 0 hints"),
    Linted("hints the wrong way round", hints_reversed, "a plainer one must cost more"),
    Linted("a single factor", put("debrief", "contributing_factors", value=["haste"]), "a single factor"),
    Linted("questions removed", drop("debrief", "questions"), "there are no questions"),
    Linted("key misspelt", put("dekoys", value=[]), "there is no key 'dekoys'"),
]


def innocent(data: Plain) -> None:
    """A fault that does something, and hurts nobody."""
    data["faults"] = [{"flag": {"name": "new-banner", "value": "on"}}]
    data["noise"] = []


def swap(data: Plain) -> None:
    fix, decoy = data["fixes"][0], data["decoys"][0]
    fix["do"], decoy["do"] = decoy["do"], fix["do"]


def flip_a_bound(data: Plain) -> None:
    """Above becomes below; what must equal must equal something else."""
    evidence = data["evidence"][0]
    for old, new in (("above", "below"), ("below", "above")):
        if old in evidence:
            evidence[new] = evidence.pop(old)
            return
    evidence["equals"] = evidence["equals"] + 1


def off_the_scale(data: Plain) -> None:
    evidence = next(each for each in data["evidence"] if {"above", "below"} & set(each))
    evidence.update(
        {key: {"above": 10**9, "below": -(10**9)}[key] for key in ("above", "below") if key in evidence}
    )


def double_a_number(data: Plain) -> None:
    data["figures"][0]["about"] *= 2


def another_page(data: Plain) -> None:
    data["expect"]["page"] = (
        "SearchBudgetBurn" if data["expect"]["page"] != "SearchBudgetBurn" else "CartBudgetBurn"
    )


def another_journey(data: Plain) -> None:
    data["expect"]["journey"] = "search" if data["expect"]["journey"] != "search" else "home"


def other_data(data: Plain) -> None:
    data["invariants"][0]["equals"] = 4711


def first_fix(data: Plain) -> str:
    return f"fix:{data['fixes'][0]['name']}"


def first_decoy(data: Plain) -> str:
    return f"decoy:{data['decoys'][0]['name']}"


PROVEN = [
    Proven("fault made innocent", innocent, "red", first_fix),
    Proven("fix and decoy swapped: the fix", swap, "fix", first_fix),
    Proven("fix and decoy swapped: the decoy", swap, "decoy", first_decoy),
    Proven("red in no time", put("expect", "red", value="1ms"), "red", first_fix),
    Proven("another page", another_page, "page", first_fix),
    Proven("another journey", another_journey, "red", first_fix),
    Proven("invariant of another value", other_data, "fix", first_fix),
    Proven("evidence's bound flipped", flip_a_bound, "evidence"),
    Proven("threshold off the scale", off_the_scale, "evidence"),
    Proven("number of the story doubled", double_a_number, "figure", applies=tells_figures),
]


def by_id(entry: catalog.Entry) -> str:
    return entry.id


def pairs(mutants: Sequence[Linted] | Sequence[Proven], entries: Sequence[catalog.Entry]) -> list[Any]:
    """Each mutant of each scenario to which it applies."""
    return [
        pytest.param(mutant, entry, id=f"{mutant.name}-{entry.id}")
        for mutant in mutants
        for entry in entries
        if mutant.applies(TRUE[entry.id])
    ]


def text_of(data: Plain) -> str:
    """The scenario with each key on a line of its own."""
    return json.dumps(data, indent=1, ensure_ascii=False)


@pytest.mark.parametrize(("mutant", "entry"), pairs(LINTED, ENTRIES))
def test_lint_names_the_line(mutant: Linted, entry: catalog.Entry, tmp_path: Path) -> None:
    """The mistake is said at the line of what was broken."""
    data = deepcopy(document(entry.path).data)
    place = mutant.make(data)
    path = tmp_path / "mutant.yaml"
    path.write_text(text_of(data), encoding="utf-8")
    found = [each for each in lint(path) if re.search(mutant.said, str(each))]
    assert found, "\n".join(map(str, lint(path)))
    source = document(path)
    lines = {source.position(place)[0], source.position(place, key=True)[0]}
    near = {line for line in (each.line for each in found) if min(lines) - 1 <= line <= max(lines) + 2}
    assert near, f"{mutant.name} is on line {lines}, and said at {[each.line for each in found]}"


def shortened(data: Plain) -> Plain:
    """One fix and one decoy are enough to prove a piece of evidence wrong."""
    return {**data, "fixes": data["fixes"][:1], "decoys": data["decoys"][:1]}


@pytest.mark.parametrize(("mutant", "entry"), pairs(PROVEN, PLAYED))
def test_the_proof_names_the_check(
    mutant: Proven, entry: catalog.Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only users can tell is told by the check that fails."""
    truth = TRUE[entry.id]
    data = deepcopy(document(entry.path).data)
    mutant.make(data)
    proof = played.play(truth, told(data), mutant.only(data), tmp_path, monkeypatch)
    failed = [check for check in proof.checks if check.outcome is Grade.FAILED]
    assert proof.exit_code == 1
    assert failed
    assert failed[0].phase == mutant.check, failed[0]


@pytest.mark.parametrize("entry", PLAYED, ids=by_id)
def test_the_scenario_itself_is_proven_there(
    entry: catalog.Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the double's world each scenario is true, so that a mutant fails for what was broken in it."""
    truth = TRUE[entry.id]
    proof = played.play(truth, told(document(entry.path).data), None, tmp_path, monkeypatch)
    assert [str(check) for check in proof.checks if check.outcome in UNPROVEN and check.phase != "rho"] == []


def told(data: Plain) -> Scenario:
    return loads(text_of(shortened(data)), "mutant.yaml")


def test_the_double_plays_the_incidents_that_began_it() -> None:
    """Or the tests above would pass over nothing."""
    assert {"pool-shrunk", "oom-deploy", "slow-bank"} <= {entry.id for entry in PLAYED}


def test_authors_are_told_who_catches_what() -> None:
    """The tables in docs/authoring.md are the tables here."""
    text = assets.root().joinpath("docs", "authoring.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+?) \| (lint|proof: \w+) \|$", text, re.MULTILINE)
    assert rows == [
        *((each.name, "lint") for each in LINTED),
        *((each.name, f"proof: {each.check}") for each in PROVEN),
    ]
