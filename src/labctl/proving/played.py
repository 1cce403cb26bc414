"""What is played of a scenario, as a digest: what was measured stands for as long as that is the same.

Whoever corrects a scenario's prose loses nothing; whoever changes a number or the code that it deploys
measures anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Set

from labctl.proving.changed import deployed, releases
from labctl.proving.sources import Source
from labctl.scenario.model import Fix
from labctl.stack.release import tree

Deployed = tuple[str, str]
"""A component and its release."""
PROSE = frozenset(
    {"code", "title", "level", "skills", "expected_time", "briefing", "page", "voices", "hints", "debrief"}
)
"""The parts of a scenario that people read and nobody plays."""
_ITS_OWN = frozenset({"fixes", "decoys", "universal", "evidence", "figures", "bottleneck"})
"""What a scenario proves of itself, and a sibling's fix never meets."""


def proved(source: Source) -> str:
    """Of a proof: all but the prose, and all code that is deployed in it."""
    return _digest(_without(source, PROSE), _code(deployed(source.scenario)))


def crossed(broken: Source) -> Callable[[Fix], str]:
    """Of an incident under a sibling's fix: what breaks it and judges it, read once, and the fix's steps."""
    scenario, plain = broken.scenario, _without(broken, PROSE | _ITS_OWN)
    challenges = (step for challenge in scenario.challenge for step in challenge.do)
    breaking = _code(releases([*scenario.noise, *scenario.faults, *challenges]))

    def under(fix: Fix) -> str:
        return _digest([plain, [str(step) for step in fix.do]], breaking | _code(releases(fix.do)))

    return under


def _without(source: Source, left_out: Set[str]) -> dict[str, object]:
    return {key: value for key, value in source.document.data.items() if key not in left_out}


def _code(wanted: Iterable[Deployed]) -> dict[Deployed, Mapping[str, bytes]]:
    return {each: tree(*each) for each in wanted}


def _digest(plain: object, code: Mapping[Deployed, Mapping[str, bytes]]) -> str:
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for component, release in sorted(code):
        for path, content in sorted(code[component, release].items()):
            digest.update(f"\0{component}/{path}\0".encode() + content)
    return digest.hexdigest()[:16]
