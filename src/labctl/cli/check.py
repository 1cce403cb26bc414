"""`labctl check`: how far the hold is and what is missing, as often as one likes."""

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labctl.cli.choice import AsJson, LabName, chosen
from labctl.cli.errors import JUDGED_OTHERWISE, OK
from labctl.cli.terminal import document, out, table, width
from labctl.errors import CouldNotJudge, UsageError

if TYPE_CHECKING:
    from labctl.engine.machine import Drill
    from labctl.judge import Hold, JourneyReading
    from labctl.lab.lab import Lab


def check(
    explain: Annotated[bool, typer.Option("--explain", help="Each journey, measured and required.")] = False,
    as_json: AsJson = False,
    lab: LabName = None,
) -> None:
    at, hold = _judged(chosen(lab))
    said, code = _said(at, hold)
    if as_json:
        document({"said": said, "exit_code": code, "claimed": bool(at.claimed), **_plain(hold)})
    else:
        first, *rest = said.split("; ")
        out("\n".join([first, *(f"- {each}" for each in rest)]))
        if explain and hold:
            _explain(hold)
    raise typer.Exit(code)


def checked(lab: "Lab") -> str:
    """What `labctl check` would print now, as one sentence."""
    said, _ = _said(*_judged(lab))
    return said


def _judged(lab: "Lab") -> "tuple[Drill, Hold | None]":
    from labctl.engine.machine import Phase, fold

    at = fold(lab.journal.read())
    if at.phase is Phase.NONE:
        raise UsageError("no drill is under way", hint="labctl list, then labctl drill CODE")
    # A page may come before the seconds that it is about are final.
    paged = at.phase is Phase.INJECTED and at.fired_wall_s is not None
    hurt = paged or at.phase in (Phase.RED, Phase.HELD, Phase.CHALLENGED)
    return at, _hold(lab, at) if hurt else None


def _hold(lab: "Lab", at: "Drill") -> "Hold":
    from labctl.engine.phases import standing
    from labctl.scenario import catalog

    hold = standing(lab, catalog.find(at.scenario), at)
    if hold.seconds and hold.reading.problems:
        raise CouldNotJudge("; ".join(hold.reading.problems), hint="labctl status")
    return hold


def _said(at: "Drill", hold: "Hold | None") -> tuple[str, int]:
    from labctl.engine.machine import Phase

    match at.phase:
        case Phase.MITIGATED | Phase.ENDED:
            outcome = at.outcome or "it was given up"
            return f"the drill is over: {outcome}", OK if outcome == "mitigated" else JUDGED_OTHERWISE
        case Phase.HELD | Phase.CHALLENGED:
            return "the hold is complete, and the mitigation is being tried; wait for the verdict", OK
        case Phase.INJECTED | Phase.RED if hold is not None and not hold.seconds:
            return f"held 0 s of {hold.required_s:g} s; nothing is counted yet", JUDGED_OTHERWISE
        case Phase.INJECTED | Phase.RED if hold is not None:
            return hold.explain() + _claim(at, hold), OK if hold.complete else JUDGED_OTHERWISE
        case _:
            return "users are well, and nobody has paged", OK


def _claim(at: "Drill", hold: "Hold") -> str:
    """What becomes of the hold: in a drill it must be claimed."""
    if at.claimed:
        return "; you have claimed it, and the verdict is on its way"
    return "; labctl resolve claims it" if hold.complete and at.mode == "drill" else ""


def _plain(hold: "Hold | None") -> dict[str, Any]:
    if hold is None:
        return {}
    return {
        "held_s": hold.held_s,
        "required_s": hold.required_s,
        "complete": hold.complete,
        "journeys": [{**vars(journey), "colour": str(journey.colour)} for journey in hold.reading.journeys],
    }


def _explain(hold: "Hold") -> None:
    out()
    header = ("JOURNEY", "REQUESTS", "NEEDED", "FAILED", "ALLOWED", "TARGET", "")
    rows = [_row(journey) for journey in hold.reading.journeys]
    out(table(header, rows, right=(1, 2, 3, 4, 5), fit=width()))
    out()
    out(
        textwrap.fill(
            f"Mitigated is: every journey green for {hold.required_s:g} s on end, since the last change, "
            "and then through a challenge. Requests that are late, wrong or turned away have failed. "
            "Each action starts the hold over.",
            80,
        )
    )


def _row(journey: "JourneyReading") -> tuple[object, ...]:
    needed, allowed = journey.needed, journey.allowed
    target = f"{journey.target * 100:g} %"
    return journey.journey, journey.due, needed, journey.failed, allowed, target, journey.colour
