"""The plan: which attempts prove which scenarios. Pure; a run takes its parts to its labs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from labctl.errors import UsageError
from labctl.proof import Check, Grade
from labctl.scenario.model import Decoy, Fix, Scenario, UniversalName
from labctl.scenario.universal import Universal, universal

INJECTION_S = 60.0
"""Reset, baseline, fault and page; measured 45 to 60 s."""
_ACTING_S = 12.0
"""A decoy's steps, and the incident that is wanted back afterwards."""
_TRYING_S = 45.0
"""A fix's steps, and its challenge."""


@dataclass(frozen=True)
class Part:
    """One attempt: decoys tried on one injection, or one fix on an injection of its own.

    `of` is the sibling whose fix it is, where it is not the scenario's own (`labctl.proving.matrix`).
    """

    scenario: Scenario
    run: int
    name: str  # "decoys", "fix:NAME", "decoy:NAME", "SIBLING:NAME"
    decoys: tuple[Decoy | Universal, ...] = ()
    fix: Fix | None = None
    with_evidence: bool = False
    siblings: tuple[Scenario, ...] = ()
    of: str = ""

    @property
    def cost_s(self) -> float:
        """About how long it takes; for the order in which labs take parts, and for shards."""
        watches = len(self.decoys) * (self.scenario.hold + _ACTING_S)
        alone = any(_is_idle(each) for each in self.decoys)
        fix_s = self.scenario.hold + _TRYING_S if self.fix else 0.0
        return INJECTION_S + watches + 60.0 * alone + fix_s


@dataclass(frozen=True)
class Task:
    """One proof to be made: a scenario, its parts in the order in which they are reported."""

    scenario: Scenario
    run: int
    parts: tuple[Part, ...]
    whole: bool  # False where parts were left out on purpose
    siblings: tuple[Scenario, ...] = ()
    absent: tuple[str, ...] = ()  # siblings that are not in this run, by id
    elsewhere: Mapping[UniversalName, str] = field(default_factory=dict)  # tried with this scenario
    skipped: str = ""  # what a quick proof leaves out, in words

    @property
    def cost_s(self) -> float:
        return sum(part.cost_s for part in self.parts)

    def left_out(self) -> list[Check]:
        """What is not tried, each said: decoys that a sibling has, or what a quick proof leaves out."""
        checks = [
            Check("decoy", name.replace("-", " "), Grade.NOT_TRIED, f"tried with {where}, of the same family")
            for name, where in self.elsewhere.items()
        ]
        if self.skipped:
            checks.append(Check("attempt", "quick", Grade.NOT_TRIED, f"{self.skipped} are left out"))
        return checks

    @property
    def asks_siblings(self) -> bool:
        """Whether evidence is executed in it, here and in the siblings."""
        return any(part.with_evidence for part in self.parts)


def plan(
    scenarios: Sequence[Scenario],
    *,
    only: str | None = None,
    repeat: int | Mapping[str, int] = 1,
    thorough: bool = False,
    quick: bool = False,
    library: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Task, ...]:
    """A task for each scenario and repeat, in order; `repeat` may differ, by the scenario's id.

    Universal decoys are tried once per family, with its first scenario for which they are no fix, unless
    `thorough`. `only` names one fix or decoy; UsageError when a scenario has none of that name. `quick`
    asks whether each still reproduces and can still be fixed: its evidence and its first fix.
    `library` (id → family) tells of siblings that are not in this run.
    """
    carriers = {} if thorough or only or quick else _carriers(scenarios)
    tasks = []
    here = {each.id for each in scenarios}
    times = repeat if isinstance(repeat, Mapping) else dict.fromkeys((each.id for each in scenarios), repeat)
    for run in range(1, max(times.values(), default=0) + 1):
        for scenario in (each for each in scenarios if run <= times[each.id]):
            siblings = tuple(
                each for each in scenarios if each.family == scenario.family and each.id != scenario.id
            )
            absent = tuple(
                name for name, family in library.items() if family == scenario.family and name not in here
            )
            carried = {name: at for (family, name), at in carriers.items() if family == scenario.family}
            away = {name: at for name, at in carried.items() if at != scenario.id}
            parts, skipped = _parts(scenario, run, away, siblings), ""
            if only is not None:
                parts = _only(scenario, run, only)
            elif quick:
                parts, skipped = _quick(parts)
            fixes_here = scenario.universal
            elsewhere = {name: at for name, at in away.items() if name not in fixes_here}
            complete = only is None and not skipped
            tasks.append(Task(scenario, run, parts, complete, siblings, absent, elsewhere, skipped))
    return tuple(tasks)


def _carriers(scenarios: Sequence[Scenario]) -> dict[tuple[str, UniversalName], str]:
    """Which scenario of a family each universal decoy is tried with."""
    carriers: dict[tuple[str, UniversalName], str] = {}
    for scenario in scenarios:
        for each in universal(scenario):
            if not each.is_fix and not scenario.judgement:
                carriers.setdefault((scenario.family, each.name), scenario.id)
    return carriers


def _parts(
    scenario: Scenario,
    run: int,
    away: Mapping[UniversalName, str],
    siblings: tuple[Scenario, ...],
) -> tuple[Part, ...]:
    decoys, fixes = _choices(scenario)
    here = tuple(each for each in decoys if not (isinstance(each, Universal) and each.name in away))
    if scenario.judgement:
        first, *more = (Part(scenario, run, f"fix:{fix.name}", fix=fix) for fix in fixes)
        asking = Part(scenario, run, first.name, fix=first.fix, with_evidence=True, siblings=siblings)
        wrong = (Part(scenario, run, f"decoy:{each.name}", decoys=(each,)) for each in here)
        return (asking, *more, *wrong)
    chain = Part(scenario, run, "decoys", here, with_evidence=True, siblings=siblings)
    return (chain, *(Part(scenario, run, f"fix:{fix.name}", fix=fix) for fix in fixes))


def _quick(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], str]:
    """The first fix, with the evidence; and what is left out, if anything is."""
    first, *more = (part for part in parts if part.fix)
    decoys = sum(len(part.decoys) for part in parts)
    asking = replace(first, with_evidence=True, siblings=parts[0].siblings)
    return (asking,), f"decoys ({decoys}) and other fixes ({len(more)})" if decoys or more else ""


def _only(scenario: Scenario, run: int, only: str) -> tuple[Part, ...]:
    decoys, fixes = _choices(scenario)
    parts = [
        *(Part(scenario, run, f"decoy:{each.name}", decoys=(each,)) for each in decoys),
        *(Part(scenario, run, f"fix:{fix.name}", fix=fix) for fix in fixes),
    ]
    found = tuple(part for part in parts if part.name == only)
    if not found:
        names = ", ".join(part.name for part in parts)
        raise UsageError(f"{scenario.id} has no {only!r}; there are {names}")
    return found


def _choices(scenario: Scenario) -> tuple[tuple[Decoy | Universal, ...], tuple[Fix, ...]]:
    """All decoys in the order in which they are tried, the harmless first, and all fixes.

    Nobody's own idea is wrong in judgement, where leaving it alone may be right: there universal decoys
    count only as the fixes that a file declares.
    """
    universals = universal(scenario)
    fixes = (*scenario.fixes, *(_as_fix(each) for each in universals if each.is_fix))
    if scenario.judgement:
        return scenario.decoys, fixes
    wrong = [each for each in universals if not each.is_fix]
    idle = [each for each in wrong if _is_idle(each)]
    busy = [each for each in wrong if not _is_idle(each)]
    return (*idle, *scenario.decoys, *busy), fixes


def _is_idle(each: Decoy | Universal) -> bool:
    return isinstance(each, Universal) and each.name is UniversalName.DO_NOTHING


def _as_fix(each: Universal) -> Fix:
    """Its steps may be none, which a file may not write: leaving it alone is one of them."""
    return Fix.model_construct(name=each.name, do=each.do, why=each.why, survives=None)
