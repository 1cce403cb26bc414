"""Universal decoys: what anyone might try in any incident, and what may never please the judge.

Whoever performs one leaves it in force while it is judged, and afterwards undoes its changes by their
own plans, the newest first; a restart leaves nothing to undo.
"""

from __future__ import annotations

from dataclasses import dataclass

from labctl.actions.steps import parse
from labctl.scenario.model import Scenario, UniversalName
from labctl.scenario.steps import Act

SERVICES = ("edge", "catalog", "checkout", "worker")
"""Our own services; a universal restart never touches stores, third parties or the lab."""
BEHIND = {
    "home": "catalog",
    "product": "catalog",
    "search": "catalog",
    "cart": "checkout",
    "checkout": "checkout",
    "order-status": "checkout",
    "account-history": "checkout",
}
"""The component that answers for a journey, where a scenario does not name the sick one."""


@dataclass(frozen=True)
class Universal:
    """One universal decoy in one scenario; `is_fix` where the scenario says that it truly mitigates."""

    name: UniversalName
    why: str
    do: tuple[Act, ...]
    is_fix: bool = False


def sick(scenario: Scenario) -> str:
    """The component that is sick."""
    return scenario.sick or BEHIND.get(scenario.expect.journey, "edge")


def universal(scenario: Scenario) -> tuple[Universal, ...]:
    """All of them, in the order in which they are best tried: the harmless first."""
    ours = sick(scenario)
    restarts = [_act("restart", component=name) for name in SERVICES]
    made = (
        Universal(UniversalName.DO_NOTHING, "nothing heals by itself", ()),
        Universal(UniversalName.RESTART_SERVICES, "a restart runs the same thing again", tuple(restarts)),
        Universal(
            UniversalName.MAINTENANCE,
            "users who are turned away are not served",
            (_act("flag", name="maintenance", value="on"),),
        ),
        Universal(
            UniversalName.SCALE_TO_ZERO,
            f"without {ours} its users get nothing at all",
            (_act("scale", component=ours, replicas=0),),
        ),
    )
    return tuple(_as_declared(scenario, each) for each in made)


def _as_declared(scenario: Scenario, each: Universal) -> Universal:
    declared = scenario.universal.get(each.name)
    return Universal(each.name, declared.why, each.do, is_fix=True) if declared else each


def _act(action: str, **parameters: object) -> Act:
    return Act(action=parse({action: parameters}))
