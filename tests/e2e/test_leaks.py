"""Before the debrief nothing that a learner may look at names the scenario or its cause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import docker
import httpx
import psutil
import pytest
from docker.errors import APIError
from docker.models.containers import Container

from labctl.lab.lab import Lab, open_lab
from labctl.runtimes.docker.engine import LABEL
from labctl.runtimes.local import orphans
from labctl.scenario.model import Scenario
from labctl.seal import unsealed
from tests.e2e.terminal import Terminal, at_home, events, soon
from tests.spoilers import files, scenarios, spoiled, spoilers

# Each run looks at what a stack in memory shows: tests/cli/test_leaks.py.
pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(600)]

LOOKS = (
    *(("status",), ("status", "--json"), ("check", "--explain"), ("check", "--json")),
    *(("list",), ("list", "--json"), ("page",), ("page", "--json"), ("runbook",)),
    *(("changes",), ("changes", "--json"), ("diff", "checkout", "2.3.0", "2.3.1")),
    *(("logs", "--since", "10m"), ("logs", "--since", "10m", "--raw"), ("trace",), ("trace", "--json")),
    *(("logs", "postgres", "wire", "load", "redis-cache", "prometheus", "--since", "10m"), ("logs", "bank")),
    *(("top",), ("top", "--json"), ("query", 'group by (__name__) ({__name__!=""})')),
    *(("psql", "select * from pg_stat_activity"), ("psql", "select name, setting from pg_settings")),
    *(("psql", "select query, calls from pg_stat_statements"),),
    *(("redis", "redis-cache", "info"), ("redis", "redis-queue", "keys", "*")),
    *(("sh", "checkout", "--", "env"), ("sh", "postgres", "--", "env"), ("sh", "bank")),
    *(("flag", "help", "on"), ("restart", "bank")),
)  # fmt: skip


@pytest.fixture(scope="module", params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def shared(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """One lab on each runtime for all tests here; each leaves it healthy."""
    with at_home(request.param) as opened:
        opened.up()
        yield opened


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda each: each.code)
def test_nothing_gives_it_away(shared: Terminal, scenario: Scenario) -> None:
    """What is printed, environments, processes, containers, metrics with labels, and the lab's files."""
    drill = shared.starts("drill", scenario.code, "--now")
    try:
        drill.says("Begin with labctl status", within_s=300)
        lab = open_lab()
        pattern = spoilers(scenario)
        shown = {" ".join(words): shared.types(*words) for words in LOOKS}
        printed = {words: done.out + done.err for words, done in shown.items()}
        assert spoiled(pattern, {**printed, "drill": drill.out + drill.err}) == []
        around = _containers(lab) if lab.kind == "docker" else _environments(lab)
        assert spoiled(pattern, {**around, **_metrics(lab)}) == []
        # Whoever reads a database's file and closes it drops the locks of its own connections to it.
        lab.journal.close()
        # What the drill's own command line is, its lock tells too; the learner typed it.
        every = files(lab.folder, without=("drive.lock",))
        data = {name: content for name, content in every.items() if name.startswith("data/")}
        assert spoiled(spoilers(scenario, names_only=True), data) == []
        assert spoiled(pattern, {name: every[name] for name in every.keys() - data.keys()}) == []
        assert _knows(lab.folder, scenario), "the test looks at a lab that was never told anything"
    finally:
        drill.kill()
        shared.types("quit", "--yes")


def test_the_third_party_hears_at_once_what_is_sealed(shared: Terminal) -> None:
    """The bank re-reads its flags while it runs, though nobody else can."""
    from labctl.actions import steps  # noqa: PLC0415 (only here is a lab told anything directly)
    from labctl.actions.perform import Role, perform  # noqa: PLC0415

    shared.types("reset")
    lab = open_lab()
    (bank,) = [each.address for each in lab.runtime.observe() if each.component == "bank"]

    def took_s() -> float:
        return httpx.get(f"http://{bank}/charges/nobody", timeout=20).elapsed.total_seconds()

    assert took_s() < 1.5
    perform(lab, steps.parse({"flag": {"name": "bank-delay", "value": "2500ms"}}), role=Role.FAULT, by="test")
    soon(lambda: took_s() > 2.4, "a slow bank", within_s=20)
    perform(lab, steps.parse({"flag": {"name": "bank-delay", "value": "0s"}}), role=Role.FAULT, by="test")
    soon(lambda: took_s() < 1.5, "a bank that is well", within_s=20)


def _environments(lab: Lab) -> dict[str, bytes]:
    """The environment and command line of each of the lab's processes."""
    found: dict[str, bytes] = {}
    for each in orphans.find(lab.id, lab.folder / "data"):
        try:
            name = psutil.Process(each.pid).name()
            proc = Path("/proc") / str(each.pid)
            found[f"process {name} {each.pid}"] = (proc / "environ").read_bytes() + (
                proc / "cmdline"
            ).read_bytes()
        except (psutil.Error, OSError):
            continue  # it has ended meanwhile
    assert len(found) > 10
    return found


def _containers(lab: Lab) -> dict[str, str]:
    """What the engine tells of each container, volume and network of the lab, and what runs inside."""
    engine = docker.from_env()
    try:
        ours = {"label": f"{LABEL}={lab.id}"}
        kinds = (engine.containers.list(filters=ours), engine.volumes.list(filters=ours))
        told = [each for kind in (*kinds, engine.networks.list(filters=ours)) for each in kind]
        found = {f"inspect {each.name}": json.dumps(each.attrs) for each in told}
        assert len(found) > 12
        return found | {f"top {each.name}": _processes(each) for each in kinds[0]}
    finally:
        engine.close()


def _processes(container: Container) -> str:
    """What runs in it; nothing does between two starts."""
    try:
        return json.dumps(container.top())
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
        return ""


def _metrics(lab: Lab) -> dict[str, str]:
    """Every series with its labels, rules and alerts with their annotations, and what replicas export."""
    prometheus, alertmanager = (
        f"http://{lab.runtime.address(name)}" for name in ("prometheus", "alertmanager")
    )
    pages = {
        "series": httpx.get(
            f"{prometheus}/api/v1/series", params={"match[]": '{__name__=~".+"}'}, timeout=30
        ),
        "rules": httpx.get(f"{prometheus}/rules", timeout=30),
        "alerts": httpx.get(f"{alertmanager}/alerts", timeout=30),
    }
    for each in lab.runtime.observe():
        if each.address and lab.stack[each.component].recipe == "service":
            with suppress(httpx.TransportError):  # one that is killed again and again may just be gone
                pages[f"metrics of {each.name}"] = httpx.get(f"http://{each.address}/metrics", timeout=30)
    assert len(pages) > 6
    return {name: answer.text for name, answer in pages.items()}


def _knows(folder: Path, scenario: Scenario) -> bool:
    """That the lab has been told: what is sealed, opened, holds a wish or an event of the incident."""
    told = unsealed((folder / "run" / "wanted.sealed").read_bytes())
    return bool(told["wanted"]) and any(scenario.id in str(event.payload) for event in events())
