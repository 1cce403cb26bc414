"""Universal decoys: the same four tricks in every scenario."""

from __future__ import annotations

import pytest
from tests.scenario.samples import SMALL, changed

from labctl.scenario.loader import loads
from labctl.scenario.model import UniversalName
from labctl.scenario.references import Known
from labctl.scenario.universal import BEHIND, SERVICES, universal


def test_every_name_has_its_steps() -> None:
    """No name without a meaning; doing nothing is the only one without steps."""
    made = universal(loads(SMALL, "s.yaml"))
    assert [each.name for each in made] == list(UniversalName)
    assert [each.name for each in made if not each.do] == [UniversalName.DO_NOTHING]
    assert not any(each.is_fix for each in made)


def test_their_steps_are_actions_that_the_stack_accepts() -> None:
    """A universal decoy that is refused would prove nothing."""
    known = Known.of_the_lab()
    for each in universal(loads(SMALL, "s.yaml")):
        for step in each.do:
            step.action.check(known.stack)


def test_a_restart_touches_services_and_never_stores() -> None:
    """Restarting everything of ours must not be a way to lose data."""
    made = {each.name: each for each in universal(loads(SMALL, "s.yaml"))}
    acts = [step.action for step in made[UniversalName.RESTART_SERVICES].do]
    assert tuple(act.concerns for act in acts) == SERVICES
    stack = Known.of_the_lab().stack
    assert all(stack[name].owner == "shop" and stack[name].recipe == "service" for name in SERVICES)


@pytest.mark.parametrize(("sick", "component"), [("", "checkout"), ("sick: catalog\n", "catalog")])
def test_the_sick_component_is_scaled_to_zero(sick: str, component: str) -> None:
    """The one behind the hurt journey, unless the scenario names another."""
    made = universal(loads(changed("level: 1\n", f"level: 1\n{sick}"), "s.yaml"))[-1]
    assert made.do[0].action.step() == {"scale": {"component": component, "replicas": 0}}


def test_every_journey_has_somebody_behind_it() -> None:
    """A new journey has to say who answers for it."""
    assert set(BEHIND) == set(Known.of_the_lab().journeys)


def test_where_one_truly_is_a_fix_the_scenario_says_so() -> None:
    """It is then proven as a fix, for the scenario's own reason."""
    text = SMALL + "universal:\n  restart-services: {is: fix, why: they start cold and drained}\n"
    made = {each.name: each for each in universal(loads(text, "s.yaml"))}
    assert made[UniversalName.RESTART_SERVICES].is_fix
    assert made[UniversalName.RESTART_SERVICES].why == "they start cold and drained"
    assert not made[UniversalName.MAINTENANCE].is_fix
