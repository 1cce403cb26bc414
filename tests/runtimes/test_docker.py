"""What only a Docker engine can show: neighbours, names, limits, and what the engine does by itself."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from labctl.errors import CannotRunHere, RuntimeFailed, UsageError
from labctl.runtimes.base import EventKind, State
from labctl.runtimes.docker import engine, images, orphans
from labctl.runtimes.docker.engine import Engine
from labctl.stack.compose import load_stack
from labctl.stack.wanted import Limits
from tests.runtimes import tiny
from tests.runtimes.subjects import Subject, ask, eventually, open_subject

pytestmark = [pytest.mark.integration, pytest.mark.docker]

SERVICES = images.tagged("incident-lab/services")


@pytest.fixture
def lab(folder: Path) -> Iterator[Subject]:
    subject = open_subject("docker", folder)
    yield subject
    subject.runtime.destroy()


@pytest.fixture
def api() -> Iterator[Any]:
    """The engine, as anybody else on this machine uses it."""
    client = docker.APIClient(base_url=engine.host(), version="auto")
    yield client
    client.close()


def container(lab: Subject, replica: str) -> dict[str, Any]:
    return Engine(lab.site.id).containers()[replica]


def endpoints(lab: Subject) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((lab.site.folder / "settings/endpoints.json").read_text())
    return found


def test_endpoints_list_those_that_serve_by_names_that_resolve(lab: Subject) -> None:
    """Others find each ready replica under its own name; the list is empty when none is wanted."""
    lab.runtime.apply(lab.wanted.edit("web", replicas=2))
    names = [f"{each.name}:8000" for each in lab.replicas("web")]
    assert endpoints(lab)["web:8000"] == names
    for name in names:
        fetch = f"import urllib.request; print(urllib.request.urlopen('http://{name}/').status)"
        assert lab.runtime.run("api", ["python", "-c", fetch]).stdout == "200\n"
    lab.runtime.apply(lab.wanted.edit("web", replicas=0))
    assert endpoints(lab)["web:8000"] == []


def test_the_name_of_a_replica_that_is_gone_is_refused_at_once(lab: Subject) -> None:
    """A look-up of what does not run takes no time: engines may let it hang for ten seconds."""
    lab.runtime.apply(lab.wanted)
    look = "import socket, time; began = time.monotonic()\ntry: socket.getaddrinfo('web-77', 8000)\n"
    look += "except OSError: print(time.monotonic() - began)"
    assert float(lab.runtime.run("api", ["python", "-c", look]).stdout) < 1.0


def test_a_published_port_stays_when_the_component_is_replaced(lab: Subject) -> None:
    """What a learner connected to is there again after a change; such a component is replaced in place."""
    lab.runtime.apply(lab.wanted)
    before = lab.runtime.address("api")
    lab.runtime.apply(lab.wanted.edit("api", environment={"GREETING": "moin"}))
    assert lab.runtime.address("api") == before
    answer = ask(before)
    assert answer is not None
    assert (answer["GREETING"], lab.one("api").name, lab.one("api").restarts) == ("moin", "api-1", 0)


def test_every_port_is_on_loopback(lab: Subject) -> None:
    """Nobody outside this machine reaches a lab."""
    lab.runtime.apply(lab.wanted)
    for each in lab.runtime.observe():
        bindings = container(lab, each.name)["HostConfig"]["PortBindings"]
        assert {bound["HostIp"] for ports in bindings.values() for bound in ports} == {"127.0.0.1"}


def test_containers_get_nothing_of_the_callers_environment(
    lab: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret of whoever typed `up` is in no container; values with a dollar come through as they are."""
    monkeypatch.setenv("CALLERS_SECRET", "hunter2")
    lab.runtime.apply(lab.wanted.edit("web", environment={"PRICE": "$$5 ${CALLERS_SECRET}"}))
    answer = ask(lab.runtime.address("web"))
    assert answer is not None
    assert (answer["PRICE"], answer["GREETING"]) == ("$$5 ${CALLERS_SECRET}", "hello")
    assert "CALLERS_SECRET" not in answer


def test_run_is_inside_the_component(lab: Subject) -> None:
    """A program run in a replica has its environment; its end and what it prints come back."""
    lab.runtime.apply(lab.wanted)
    result = lab.runtime.run("web", ["sh", "-c", "echo $GREETING; echo oh >&2; exit 3"])
    assert (result.exit_code, result.stdout, result.stderr) == (3, "hello\n", "oh\n")
    assert lab.runtime.run("web", ["no-such-program"]).exit_code == 127
    with pytest.raises(RuntimeFailed, match="sleep did not end"):
        lab.runtime.run("web", ["sleep", "30"], timeout_s=0.2)


def test_logs_are_there_with_their_replica(lab: Subject) -> None:
    """What replicas printed can be read, also of one whose container is gone."""
    lab.runtime.apply(lab.wanted)
    lab.runtime.apply(lab.wanted.edit("web", release="2"))
    assert [line.text for line in lab.runtime.logs("web")] == ["web-1 starts", "web-2 starts"]
    assert list(lab.runtime.logs("web", since_wall_s=time.time() + 60)) == []


def test_a_limit_below_what_is_used_restarts_within_it(lab: Subject) -> None:
    """Where the kernel takes no memory away from a running program, the program is started anew."""
    lab.runtime.apply(lab.wanted)
    old = lab.one("web")
    lab.eat(old, 120)
    lab.runtime.apply(lab.wanted.edit("web", limits=Limits(memory_mb=64)))
    new = lab.one("web")
    assert (new.name, new.state, new.limits) == (old.name, State.READY, Limits(memory_mb=64))
    assert new.identity != old.identity


def test_a_limit_can_be_lifted_again(lab: Subject) -> None:
    """Without limits is a wish like any other, and no restart."""
    lab.runtime.apply(lab.wanted.edit("web", limits=Limits(memory_mb=128, cpus=0.5)))
    old = lab.one("web")
    lab.runtime.apply(lab.wanted)
    assert (lab.one("web").limits, lab.one("web").identity) == (Limits(), old.identity)


def test_a_raised_memory_limit_ends_a_crash_loop_at_once(lab: Subject) -> None:
    """A replica that can't start within its limit is killed for it, and is started when it is raised."""
    lab.runtime.apply(lab.wanted)
    with pytest.raises(RuntimeFailed, match="out-of-memory"):
        lab.runtime.apply(lab.wanted.edit("web", limits=Limits(memory_mb=8), restarts=1))
    began = time.monotonic()
    lab.runtime.apply(lab.wanted.edit("web", limits=Limits(memory_mb=128), restarts=1))
    assert lab.one("web").state is State.READY
    assert time.monotonic() - began < 5.0
    assert any(event.kind is EventKind.OOM for event in lab.runtime.events())


def test_a_cpu_limit_slows_down(lab: Subject) -> None:
    """0.3 s of work at a fifth of a core take more than three times as long as that."""
    lab.runtime.apply(lab.wanted.edit("web", limits=Limits(cpus=0.2)))
    began = time.monotonic()
    assert ask(lab.runtime.address("web"), "/spin?0.3")
    assert time.monotonic() - began > 0.9


def test_what_others_ended_or_removed_is_there_again_after_apply(lab: Subject, api: Any) -> None:
    """A container killed through the engine is not restarted by it, and a removed one never; apply mends."""
    lab.runtime.apply(lab.wanted)
    api.kill(container(lab, "web-1")["Id"])
    eventually(lambda: lab.one("web").state is State.STOPPED, "web stopped")
    api.remove_container(container(lab, "api-1")["Id"], force=True)
    lab.runtime.apply(lab.wanted)
    assert {each.name: each.state for each in lab.runtime.observe()} == {
        "web-1": State.READY,
        "api-1": State.READY,
    }


def test_one_failing_component_does_not_fail_the_next_wish(lab: Subject) -> None:
    """A wish about something else is reached although an earlier one still fails."""
    lab.runtime.apply(lab.wanted)
    sick = lab.make_sick(lab.wanted, "web")
    with pytest.raises(RuntimeFailed):
        lab.runtime.apply(sick)
    lab.runtime.apply(sick.edit("api", restarts=1).flag("maintenance", "on"))
    assert json.loads((lab.site.folder / "settings/flags.json").read_text()) == {"maintenance": "on"}
    lab.runtime.apply(lab.wanted)
    assert lab.one("web").name == "web-1"


def test_destroy_leaves_nothing(lab: Subject, api: Any) -> None:
    """No container, network or volume with the lab's label, and no folder but settings."""
    lab.runtime.apply(lab.wanted)
    lab.runtime.destroy()
    ours = {"label": f"{engine.LABEL}={lab.site.id}"}
    assert api.containers(all=True, filters=ours) == []
    assert api.networks(filters=ours) == []
    assert not api.volumes(filters=ours)["Volumes"]
    assert [path.name for path in lab.site.folder.iterdir()] == ["settings"]


def test_foreign_containers_are_untouched(lab: Subject, api: Any) -> None:
    """A container without the label, or with another lab's, outlives destroy and recover."""
    others = [
        api.create_container(SERVICES, ["sleep", "60"], labels=label)["Id"]
        for label in ({}, {engine.LABEL: secrets.token_hex(6)}, {engine.LABEL: f"{lab.site.id}0"})
    ]
    try:
        for other in others:
            api.start(other)
        lab.runtime.apply(lab.wanted)
        lab.runtime.destroy()
        orphans.end(lab.site.id)
        assert all(api.inspect_container(other)["State"]["Running"] for other in others)
    finally:
        for other in others:
            api.remove_container(other, force=True)


def test_labs_side_by_side_do_not_touch_each_other(lab: Subject, folder: Path) -> None:
    """Two labs have ports, names and a network each; the end of one is not seen by the other."""
    other = open_subject("docker", folder, "neighbour")
    try:
        lab.runtime.apply(lab.wanted)
        other.runtime.apply(other.wanted)
        ports = [{each.address for each in each.runtime.observe()} for each in (lab, other)]
        assert not ports[0] & ports[1]
        before = other.runtime.observe()
        lab.runtime.destroy()
        after = other.runtime.observe()
        assert [each.identity for each in after] == [each.identity for each in before]
        assert {each.state for each in after} == {State.READY}
    finally:
        other.runtime.destroy()


def test_what_a_lost_lab_left_is_found_and_ended(lab: Subject) -> None:
    """Without its folder, a lab is known by its labels, to its own home and to no other."""
    lab.runtime.apply(lab.wanted)
    home = lab.site.folder.parent.parent
    assert orphans.strays(home, known=[]) == {lab.site.id: home / "labs" / lab.site.name}
    assert orphans.strays(home, known=[lab.site.id]) == {}
    assert orphans.strays(home / "elsewhere", known=[]) == {}
    assert orphans.end(lab.site.id) == (["container api-1", "container web-1"], [])


def test_a_missing_image_is_said_before_anything_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is started, and the next command is named."""
    lab = open_subject("docker", folder)
    monkeypatch.setattr(images, "key", lambda: "of-another-version")
    with pytest.raises(CannotRunHere, match="of-another-version") as refused:
        lab.runtime.apply(lab.wanted)
    assert refused.value.hint == "labctl doctor --fix --runtime docker"
    with pytest.raises(UsageError):
        lab.runtime.wanted()


def test_an_unreachable_engine_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, but what to do; and such a machine has no capability."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/nobody.sock")
    lab = open_subject("docker", folder)
    assert lab.runtime.capabilities == frozenset()
    with pytest.raises(CannotRunHere, match="no Docker engine answers"):
        lab.runtime.apply(lab.wanted)


HANGS = """
import http.server, os, signal
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"fine"); self.wfile.flush()
        os.kill(os.getpid(), signal.SIGSTOP)
http.server.HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""


def test_the_watchdog_ends_what_hangs(api: Any) -> None:
    """A program that answered once and never again is killed, so that the engine can restart it."""
    command = ["--health", "/", "python", "-c", HANGS]
    made = api.create_container(SERVICES, command, environment={"WATCHDOG_PATIENCE": "1"})["Id"]
    try:
        api.start(made)
        eventually(
            lambda: not api.inspect_container(made)["State"]["Running"], "the program's end", within_s=20
        )
        assert api.inspect_container(made)["State"]["ExitCode"] == 137
        assert b"no answer from /" in api.logs(made)
    finally:
        api.remove_container(made, force=True)


def test_the_watchdog_passes_signals_on_and_reaps(api: Any) -> None:
    """A stop reaches the program, whose exit code is the container's; orphans don't pile up as zombies."""
    script = "trap 'exit 7' TERM; (sleep 0.1 & ) ; sleep 0.5; ps=$(cat /proc/[0-9]*/stat | grep -c ' Z '); "
    script += "echo zombies $ps; while :; do sleep 0.1; done"
    made = api.create_container(SERVICES, ["sh", "-c", script])["Id"]
    try:
        api.start(made)
        eventually(lambda: api.logs(made) == b"zombies 0\n", "a look for zombies")
        api.stop(made, timeout=5)
        assert api.inspect_container(made)["State"]["ExitCode"] == 7
    finally:
        api.remove_container(made, force=True)


def test_no_container_of_the_shop_has_root_or_capabilities() -> None:
    """What the Compose file says of every component: a user of its own, nothing to gain, nothing to write."""
    for component in load_stack().components.values():
        assert component.user not in (None, "root", "0"), component.name
        assert component.cap_drop == ("ALL",), component.name
        assert component.read_only, component.name
        assert "no-new-privileges:true" in component.security_opt, component.name


def test_tiny_runs_on_the_image_of_the_services(folder: Path) -> None:
    """The stack under test is built like the shop: the watchdog is process 1 there, too."""
    assert {each.image for each in tiny.stack(folder).components.values()} == {"incident-lab/services"}
