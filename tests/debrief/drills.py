"""Recordings to debrief: one kept from a real drill, and others from a world in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from labctl import drill, recording
from labctl.actions.base import Action
from labctl.actions.change import Role
from labctl.actions.perform import perform
from labctl.actions.restart import Restart
from labctl.actions.rollback import Rollback
from labctl.actions.scale import Scale
from labctl.oncall import moves
from labctl.recording import Recording
from tests.engine import world
from tests.engine.world import Deed, WorldLab

FIXTURES = Path(__file__).parent.parent / "fixtures"
TARGETS = dict.fromkeys(world.RATES, 0.99)


def at_page(lab: WorldLab, after_s: int, kind: str, /, **payload: object) -> None:
    """Write an event into the journal so many seconds after the page."""
    lab.world.deeds.append(Deed(_since_page(lab, after_s), lambda: lab.journal.append(kind, payload)))


def acts(lab: WorldLab, after_s: int, action: Action) -> None:
    """Someone on call does this, so many seconds after the page."""
    done = lambda: perform(lab, action, role=Role.LEARNER, by="you")  # noqa: E731
    lab.world.deeds.append(Deed(_since_page(lab, after_s), done))


def played(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """A whole drill: acknowledged, looked at, a wrong turn, a hint, harm, and the fix."""
    lab = world.build(folder, monkeypatch)
    at_page(lab, 6, "page.acked")
    at_page(lab, 9, "command.run", argv=["status"], kind="look")
    at_page(lab, 12, "update.said", text="Checkout is slow. We are looking.")
    at_page(lab, 14, "command.run", argv=["logs", "checkout"], kind="look")
    acts(lab, 20, Restart(component="postgres"))
    at_page(lab, 38, "hint.given", number=1, cost=5, text="look")
    at_page(lab, 40, "question.asked", who="Support", text="What may we say?")
    at_page(lab, 41, "reminder.sent", text="An update is due.")
    acts(lab, 45, Scale(component="checkout", replicas=0))
    at_page(lab, 60, "command.run", argv=["diff", "checkout"], kind="look")
    at_page(lab, 62, "update.said", text="Rolling back checkout 2.4.0.", to="support")
    acts(lab, 64, Scale(component="checkout", replicas=1))
    acts(lab, 82, Rollback(component="checkout"))
    lab.world.deeds.append(Deed(_since_page(lab, 84), lambda: moves.claim(lab)))
    drill.drill(lab, world.scenario(), clock=lab.clock, quiet_s=12.0)
    return recording.record(lab)


def _since_page(lab: WorldLab, after_s: int) -> Callable[[], bool]:
    def reached() -> bool:
        pages = [each for each in lab.journal.read() if each.kind == "page.fired"]
        return bool(pages) and lab.clock.wall() >= pages[-1].payload["fired_wall_s"] + after_s

    return reached
