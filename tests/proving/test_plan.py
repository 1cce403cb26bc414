"""The plan: every scenario's parts, universal decoys once per family, and one part alone."""

from __future__ import annotations

import pytest

from labctl.errors import UsageError
from labctl.proof import Grade
from labctl.proving.plan import Part, Task, plan
from labctl.scenario.model import Scenario
from tests.engine.world import scenario

FIX_TOO = (
    "hints:",
    "universal: {restart-services: {is: fix, why: it forgets}}\nhints:",
)
ALL = ("do-nothing", "restart-services", "maintenance", "scale-to-zero")


def named(identity: str, family: str = "checkout-slow", *more: tuple[str, str]) -> Scenario:
    return scenario(
        ("id: pool-shrunk", f"id: {identity}"), ("family: checkout-slow", f"family: {family}"), *more
    )


def tried(part: Part) -> list[str]:
    return [str(decoy.name) for decoy in part.decoys]


def test_decoys_share_an_injection_and_each_fix_has_its_own() -> None:
    """First the chain, the harmless first, with the evidence; then the fixes."""
    (task,) = plan([named("a")])
    assert [part.name for part in task.parts] == ["decoys", "fix:roll back"]
    assert tried(task.parts[0]) == ["do-nothing", "run three edges", *ALL[1:]]
    assert [part.with_evidence for part in task.parts] == [True, False]


def test_universal_decoys_run_once_per_family() -> None:
    """With the first of it; the others say where, and that is no pass."""
    first, second, other = plan([named("a"), named("b"), named("c", "queue")])
    assert set(ALL) <= set(tried(first.parts[0]))
    assert tried(second.parts[0]) == ["run three edges"]
    assert set(ALL) <= set(tried(other.parts[0]))
    said = second.left_out()
    assert {check.outcome for check in said} == {Grade.NOT_TRIED}
    assert [check.said for check in said] == ["tried with a, of the same family"] * 4
    assert first.left_out() == []


def test_thorough_tries_them_with_every_scenario() -> None:
    """Nothing is left to a sibling."""
    tasks = plan([named("a"), named("b")], thorough=True)
    assert [set(ALL) <= set(tried(task.parts[0])) for task in tasks] == [True, True]
    assert [task.left_out() for task in tasks] == [[], []]


def test_one_that_is_a_fix_somewhere_is_a_decoy_elsewhere_in_the_family() -> None:
    """It is proven as a fix where the file says so, and tried as a decoy with the next scenario."""
    first, second = plan([named("a", "checkout-slow", FIX_TOO), named("b")])
    assert [part.name for part in first.parts][-1] == "fix:restart-services"
    assert "restart-services" not in tried(first.parts[0])
    assert tried(second.parts[0]) == ["run three edges", "restart-services"]
    assert [check.name for check in first.left_out()] == []
    assert [check.name for check in second.left_out()] == ["do nothing", "maintenance", "scale to zero"]


def test_a_quick_proof_is_evidence_and_one_fix_of_each() -> None:
    """The evidence moves to the only attempt, siblings and all; what is left out is said, and is no pass."""
    task, _ = plan([named("a"), named("b")], quick=True)
    (part,) = task.parts
    assert (part.name, part.decoys, part.with_evidence) == ("fix:roll back", (), True)
    assert [each.id for each in part.siblings] == ["b"]
    (left,) = task.left_out()
    assert (left.outcome, left.said) == (Grade.NOT_TRIED, "decoys (5) and other fixes (0) are left out")
    assert not task.whole


def test_siblings_are_the_others_of_the_family_in_the_run() -> None:
    """Evidence is executed in them, and in no one else."""
    tasks = plan([named("a"), named("b"), named("c", "queue")])
    assert [[each.id for each in task.siblings] for task in tasks] == [["b"], ["a"], []]


def test_repeats_follow_each_other_with_their_number() -> None:
    """Each is a proof of its own."""
    tasks: tuple[Task, ...] = plan([named("a"), named("b", "queue")], repeat=2)
    assert [(task.scenario.id, task.run) for task in tasks] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_one_part_alone_says_nothing_of_the_rest() -> None:
    """No evidence, and no word about what was left out; an unknown name lists what there is."""
    (task,) = plan([named("a")], only="decoy:maintenance")
    assert [part.name for part in task.parts] == ["decoy:maintenance"]
    assert (task.whole, task.parts[0].with_evidence) == (False, False)
    with pytest.raises(UsageError, match="there are decoy:do-nothing, decoy:run three edges"):
        plan([named("a")], only="fix:pray")


def test_in_judgement_every_way_has_an_injection_of_its_own() -> None:
    """What a wrong way breaks in the data can't be taken back; nobody's own idea counts as wrong."""
    calm = ("hints:", "judgement: true\nuniversal: {do-nothing: {is: fix, why: users are well}}\nhints:")
    (task,) = plan([named("a", "judgement", calm)])
    assert [part.name for part in task.parts] == ["fix:roll back", "fix:do-nothing", "decoy:run three edges"]
    assert [part.with_evidence for part in task.parts] == [True, False, False]


def test_a_longer_part_costs_more() -> None:
    """By what is watched: labs take the longest first."""
    chain, fix = plan([named("a")])[0].parts
    assert chain.cost_s > 3 * fix.cost_s / 2
