"""What a learner may look at before the debrief, over the whole catalogue, without a process: outputs of
commands and files of the lab. tests/e2e/test_leaks.py looks at real labs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import pytest
from tests.cli.conftest import Labctl, ScriptedLoad
from tests.lab import double, servers
from tests.lab.double import DoubleRuntime
from tests.services.parts import Postgres
from tests.spoilers import files, scenarios, spoiled, spoilers

from labctl.actions.base import Edit
from labctl.actions.perform import Role, perform
from labctl.actions.restart import Restart
from labctl.engine.decide import Rules
from labctl.lab.fresh_data import fresh_databases
from labctl.lab.lab import Lab
from labctl.lab.links import heal_links
from labctl.lab.reach import AlertmanagerClient
from labctl.runtimes.base import Address
from labctl.runtimes.docker import composed, settings
from labctl.runtimes.docker.places import Places
from labctl.runtimes.docker.plan import Planned
from labctl.runtimes.local import orphans
from labctl.scenario.model import Scenario
from labctl.scenario.steps import Act
from labctl.stack.compose import load_stack

LOOKS = (
    *(("status",), ("status", "--json"), ("check", "--explain"), ("check", "--json")),
    *(("list",), ("list", "--json"), ("page",), ("page", "--json")),
    *(("changes",), ("changes", "--json"), ("runbook",), ("runbook", "CheckoutBudgetBurn")),
    *(("flag", "help", "on"), ("flag", "bank-mood", "on"), ("restart", "bank"), ("logs", "bank")),
    *(("sh", "bank"), ("top",), ("drill",)),
)


def acts(scenario: Scenario) -> list[tuple[Role, Act]]:
    """What is done before the page, in order."""
    steps = ((Role.NOISE, scenario.noise), (Role.FAULT, scenario.faults))
    return [(role, step) for role, each in steps for step in each if isinstance(step, Act)]


def needs_parts(scenario: Scenario) -> bool:
    """Whether something is done to the database or the wire themselves, which no double can suffer."""
    return not all(isinstance(act.action, Edit | Restart) for _, act in acts(scenario))


def looked_at(scenario: Scenario) -> object:
    marks = [pytest.mark.integration] if needs_parts(scenario) else []
    return pytest.param(scenario, id=scenario.code, marks=marks)


@pytest.fixture(params=[looked_at(each) for each in scenarios()])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    found = request.param
    assert isinstance(found, Scenario)
    return found


@pytest.fixture(scope="module")
def parts() -> Iterator[Mapping[str, Address]]:
    """Where a Postgres with the shop's data is, a cache and a wire."""
    links = load_stack().links
    with servers.reachable_folder() as folder, servers.redis_server() as redis, servers.wire(links) as wire:
        postgres = Postgres(folder)
        try:
            postgres.start()
            yield {"postgres": Address("127.0.0.1", postgres.port), "redis-cache": redis, "wire": wire}
        finally:
            postgres.end()


@contextmanager
def reaching(lab: Lab, parts: Mapping[str, Address]) -> Iterator[None]:
    """The lab on real parts, to which three replicas listen; what runs beside it ends with the block."""
    assert isinstance(lab.runtime, DoubleRuntime)
    lab.runtime.addresses.update(parts)
    double.beside_processes(lab)
    try:
        with ExitStack() as replicas:
            for _ in range(3):
                replicas.enter_context(lab.sql(user="shop")).execute("listen prices")
            yield
    finally:
        assert orphans.end(lab.id, lab.folder / "data") == []
        fresh_databases(lab)
        heal_links(lab)


@pytest.fixture
def hurt(
    lab: Lab,
    load: ScriptedLoad,
    real_assets: None,
    scenario: Scenario,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lab]:
    """A lab in the midst of the incident, red and not yet paged for."""
    rules = Rules(scenario.expect.journey, 1.0, {}, 30.0, None, (), {})
    monkeypatch.setattr("labctl.engine.phases.rules", lambda *_: rules)
    monkeypatch.setattr(AlertmanagerClient, "alerts", lambda _: [])
    monkeypatch.setattr("labctl.cli.terminal.width", lambda *_: None)
    begun = {"drill": "d1", "scenario": scenario.id, "mode": "drill", "run": "r1", "second": 0}
    lab.journal.append("drill.begun", begun)
    parts = reaching(lab, request.getfixturevalue("parts")) if needs_parts(scenario) else nullcontext()
    with parts:
        for role, act in acts(scenario):
            perform(lab, act.action, role=role, by="engine")
        lab.journal.append("phase.injected", {"second": 10})
        load.goes_on(12, **{scenario.expect.journey: 6})
        for each in scenario.evidence:
            lab.journal.append("evidence.found", {"say": each.say, "value": 41.25, "holds": True})
        yield lab


def test_no_command_gives_it_away(hurt: Lab, scenario: Scenario, labctl: Labctl) -> None:
    """Looks, and what is refused: neither id nor cause, nor whose doing it was, nor what was found out."""
    printed = {" ".join(words): "".join(map(str, labctl(*words))) for words in LOOKS}
    assert "engine" not in printed["changes"]
    assert spoiled(spoilers(scenario), printed) == []
    told = " ".join(" ".join(printed.values()).split())
    assert [each.say for each in scenario.evidence if each.say in told] == []


def test_no_file_of_the_lab_gives_it_away(hurt: Lab, scenario: Scenario) -> None:
    """The journal and what a third party is told among them; the lab itself knows."""
    assert spoiled(spoilers(scenario), files(hurt.folder)) == []
    assert scenario.id in str([event.payload for event in hurt.journal.read()])


def test_no_container_gives_it_away(hurt: Lab, scenario: Scenario, tmp_path: Path) -> None:
    """Names, labels and environments of containers, and the files that they are given."""
    places = Places(tmp_path / "docker")
    places.make()
    want = hurt.wanted()
    settings.render(hurt.stack, places, want)
    planned = [
        Planned(
            f"{name}-1",
            name,
            {str(hurt.stack[name].port): 20000},
            each.release,
            dict(each.environment),
            each.limits,
        )
        for name, each in want.components.items()
    ]
    containers = str(composed.compose_file(hurt.stack, hurt.site, planned))
    assert spoiled(spoilers(scenario), {"compose": containers, **files(places.folder)}) == []


def test_the_words_are_found_where_they_are() -> None:
    """A pattern that finds nothing would prove nothing: whole words, in any file, by any case."""
    for scenario in scenarios():
        pattern = spoilers(scenario)
        leaks: dict[str, bytes | str] = {
            "a": scenario.id,
            "b": b"\x00\xff the Fault \x00",
            "c": '{"role":"decoy"}',
            "d": "bank-delay",
        }
        assert len(spoiled(pattern, leaks)) == len(leaks)
        assert spoiled(pattern, {"e": "its default, page_faults_total"}) == []
