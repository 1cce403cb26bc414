"""What only real processes can show: endpoints, environments, orphans, neighbours."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from labctl.errors import RuntimeFailed
from labctl.runtimes.base import EventKind, Signal, State
from labctl.runtimes.local import orphans, start
from labctl.runtimes.local.identity import Identity
from labctl.runtimes.local.layout import Layout
from labctl.runtimes.local.ports import is_free
from labctl.stack.wanted import Limits
from tests.runtimes.subjects import Subject, ask, eventually, open_subject

pytestmark = pytest.mark.integration


def endpoints(subject: Subject) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((subject.site.folder / "settings/endpoints.json").read_text())
    return found


def processes(subject: Subject) -> list[Identity]:
    return orphans.find(subject.site.id, subject.site.folder / "data")


def supervisor(subject: Subject) -> Identity:
    found = start.supervisor(Layout(subject.site.folder))
    assert found
    return found


def test_endpoints_list_those_that_serve(local: Subject) -> None:
    """Others are sent to replicas that have become ready and run, by the component's Compose port."""
    local.runtime.apply(local.wanted.edit("web", replicas=2))
    assert endpoints(local)["web:8000"] == [str(replica.address) for replica in local.replicas("web")]
    local.runtime.apply(local.wanted.edit("web", replicas=0))
    assert endpoints(local)["web:8000"] == []


def test_a_published_port_stays_when_the_component_is_replaced(local: Subject) -> None:
    """What a learner connected to is there again after a change; such a component is replaced in place."""
    local.runtime.apply(local.wanted)
    before = local.runtime.address("api")
    local.runtime.apply(local.wanted.edit("api", environment={"GREETING": "moin"}))
    assert local.runtime.address("api") == before
    answer = ask(before)
    assert answer is not None
    assert (answer["GREETING"], local.one("api").restarts) == ("moin", 0)


def test_children_get_nothing_of_the_callers_environment(
    local: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret of whoever typed `up` is in no process of the lab; the lab's own label is in each."""
    monkeypatch.setenv("CALLERS_SECRET", "hunter2")
    local.runtime.apply(local.wanted)
    answer = ask(local.runtime.address("web"))
    assert answer is not None
    assert (answer["INCIDENT_LAB"], answer["GREETING"]) == (local.site.id, "hello")
    assert "CALLERS_SECRET" not in answer
    assert "CALLERS_SECRET" not in psutil.Process(supervisor(local).pid).environ()


def test_run_is_inside_the_component(local: Subject) -> None:
    """A program run beside a replica has its environment and its folder; what it prints comes back."""
    local.runtime.apply(local.wanted)
    result = local.runtime.run("web", ["sh", "-c", "echo $GREETING; pwd; exit 3"])
    assert (result.exit_code, result.stdout.split()[0]) == (3, "hello")
    assert Path(result.stdout.split()[1]) == (local.site.folder / "trees" / "web-1").resolve()
    assert local.runtime.run("web", ["no-such-program"]).exit_code == 127
    with pytest.raises(RuntimeFailed, match="sleep did not end"):
        local.runtime.run("web", ["sleep", "30"], timeout_s=0.1)


def test_a_shell_is_where_the_replica_is_and_as_who_it_is(local: Subject) -> None:
    """Its environment and nobody else's, its folder, its user and group; by component or by name."""
    local.runtime.apply(local.wanted)
    for name in ("web", "web-1"):
        beside = local.runtime.beside(name, ["sh"], terminal=True)
        assert (beside.replica, beside.argv) == ("web-1", ("sh",))
        assert beside.environment["GREETING"] == "hello"
        assert Path(str(beside.cwd)) == (local.site.folder / "trees" / "web-1").resolve()
        assert (beside.user, beside.group) == ((0, 0) if os.getuid() == 0 else (None, None))
    with pytest.raises(RuntimeFailed, match="no replica runs") as none:
        local.runtime.beside("web-7", ["sh"], terminal=False)
    assert none.value.hint == "labctl status, labctl logs web"


def test_logs_are_there_with_their_replica(local: Subject) -> None:
    """What replicas printed can be read, also of one that is gone."""
    local.runtime.apply(local.wanted)
    local.runtime.apply(local.wanted.edit("web", release="2"))
    eventually(lambda: len(list(local.runtime.logs("web"))) == 2, "two lines")
    assert [line.text for line in local.runtime.logs("web")] == ["web-1 starts", "web-2 starts"]
    assert list(local.runtime.logs("web", since_wall_s=time.time() + 60)) == []


@pytest.mark.parametrize("kind", ["local", "local-sampling"])
def test_a_raised_memory_limit_ends_a_crash_loop_at_once(kind: str, folder: Path) -> None:
    """A replica that can't start within its limit is killed for it, and is started when it is raised."""
    local = open_subject(kind, folder)
    try:
        local.runtime.apply(local.wanted)
        with pytest.raises(RuntimeFailed, match="out-of-memory"):
            local.runtime.apply(local.wanted.edit("web", limits=Limits(memory_mb=4), restarts=1))
        local.runtime.apply(local.wanted.edit("web", limits=Limits(memory_mb=128), restarts=1))
        assert local.one("web").state is State.READY
        assert any(event.kind is EventKind.OOM for event in local.runtime.events())
    finally:
        local.runtime.destroy()


def test_sampling_kills_above_the_limit_too(folder: Path) -> None:
    """Where no cgroup can be written, memory is measured, and the end is the same: 137 and an OOM event."""
    local = open_subject("local-sampling", folder)
    try:
        local.runtime.apply(local.wanted.edit("web", limits=Limits(memory_mb=96)))
        local.eat(local.one("web"), 200)
        eventually(lambda: local.one("web").oom_kills == 1, "an OOM kill")
        eventually(lambda: local.one("web").exit_code == 137, "exit 137")
    finally:
        local.runtime.destroy()


@pytest.mark.parametrize("kind", ["local", "local-sampling"])
def test_a_cpu_limit_slows_down(kind: str, folder: Path) -> None:
    """0.3 s of work at a fifth of a core take more than three times as long as that."""
    local = open_subject(kind, folder)
    try:
        local.runtime.apply(local.wanted.edit("web", limits=Limits(cpus=0.2)))
        began = time.monotonic()
        assert ask(local.runtime.address("web"), "/spin?0.3")
        assert time.monotonic() - began > 0.9
    finally:
        local.runtime.destroy()


def test_a_sick_component_does_not_hold_up_a_change(local: Subject) -> None:
    """A replica that has come up before and answers no more is not waited for, nor restarted."""
    local.runtime.apply(local.wanted)
    old = local.one("web")
    local.runtime.signal(old.name, Signal.FREEZE)
    eventually(lambda: local.one("web").state is State.UNREADY, "web unready")
    local.runtime.apply(local.wanted.edit("web", limits=Limits(memory_mb=512)).edit("api", restarts=1))
    assert (local.one("web").identity, local.one("web").state) == (old.identity, State.UNREADY)
    assert endpoints(local)["web:8000"] == [str(old.address)]


def test_several_components_change_at_once(local: Subject) -> None:
    """One apply may change all; what depends on another starts when that serves again."""
    local.runtime.apply(local.wanted)
    seen = max(event.cursor for event in local.runtime.events())
    local.runtime.apply(local.wanted.edit("web", restarts=1).edit("api", restarts=1))
    told = [(event.kind, event.component) for event in local.runtime.events(seen)]
    assert told.index((EventKind.READY, "web")) < told.index((EventKind.STARTED, "api"))


def test_one_failing_component_does_not_fail_the_next_wish(local: Subject) -> None:
    """A wish about something else is reached although an earlier one still fails."""
    local.runtime.apply(local.wanted)
    sick = local.make_sick(local.wanted, "web")
    with pytest.raises(RuntimeFailed):
        local.runtime.apply(sick)
    local.runtime.apply(sick.edit("api", restarts=1).flag("maintenance", "on"))
    assert json.loads((local.site.folder / "settings/flags.json").read_text()) == {"maintenance": "on"}
    local.runtime.apply(local.wanted)
    assert local.one("web").name == "web-1"


def test_destroy_ends_and_removes_everything(local: Subject) -> None:
    """No process, no listening port, no folder but settings is left."""
    local.runtime.apply(local.wanted)
    addresses = [replica.address for replica in local.runtime.observe()]
    began = time.monotonic()
    local.runtime.destroy()
    assert time.monotonic() - began < 3.0
    assert processes(local) == []
    assert all(address and is_free(address.port) for address in addresses)
    assert [path.name for path in local.site.folder.iterdir()] == ["settings"]
    assert list((local.site.folder / "settings").iterdir()) == []


def test_destroy_does_not_touch_what_is_not_ours(local: Subject) -> None:
    """A process without the label, or with another lab's, outlives destroy."""
    local.runtime.apply(local.wanted)
    others = [
        subprocess.Popen(["sleep", "60"], env={"PATH": os.defpath, **label})
        for label in ({}, {orphans.LABEL: "another-lab"}, {orphans.LABEL: f"{local.site.id}0"})
    ]
    try:
        local.runtime.destroy()
        assert [other.poll() for other in others] == [None] * len(others)
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_destroy_cleans_up_after_a_killed_supervisor(local: Subject) -> None:
    """With nobody left to ask, what carries the label is found and ended, frozen or not."""
    local.runtime.apply(local.wanted)
    local.runtime.signal(local.one("web").name, Signal.FREEZE)
    supervisor(local).send(signal.SIGKILL)
    local.runtime.destroy()
    assert processes(local) == []
    assert not (local.site.folder / "run").exists()


def test_replicas_end_with_their_supervisor(local: Subject) -> None:
    """A killed supervisor leaves no orphans for ever: the kernel ends its children."""
    local.runtime.apply(local.wanted)
    supervisor(local).send(signal.SIGKILL)
    eventually(lambda: processes(local) == [], "no process left")
    assert {(replica.state, replica.address) for replica in local.runtime.observe()} == {
        (State.STOPPED, None)
    }


def test_apply_after_a_killed_supervisor_starts_another(local: Subject) -> None:
    """The lab is as wanted again, on the same published port, and no name is used twice."""
    local.runtime.apply(local.wanted)
    port, old = local.runtime.address("api"), local.one("web")
    seen = len(list(local.runtime.events()))
    supervisor(local).send(signal.SIGKILL)
    local.runtime.apply(local.wanted)
    assert local.runtime.address("api") == port
    assert local.one("web").name != old.name
    assert len(processes(local)) == 3
    assert len(list(local.runtime.events())) > seen


def test_the_supervisor_ends_when_its_folder_is_removed(local: Subject) -> None:
    """Removing a lab by hand leaves nothing running."""
    local.runtime.apply(local.wanted)
    (local.site.folder / "run/wanted.sealed").unlink()
    eventually(lambda: processes(local) == [], "no process left")


def test_labs_side_by_side_do_not_touch_each_other(local: Subject, folder: Path) -> None:
    """Two labs have ports and processes of their own; the end of one is not seen by the other."""
    other = open_subject("local", folder, "neighbour")
    try:
        local.runtime.apply(local.wanted)
        other.runtime.apply(other.wanted)
        ports = [{each.address for each in each.runtime.observe()} for each in (local, other)]
        assert not ports[0] & ports[1]
        before = other.runtime.observe()
        local.runtime.destroy()
        assert [each.identity for each in other.runtime.observe()] == [each.identity for each in before]
        assert {each.state for each in other.runtime.observe()} == {State.READY}
    finally:
        other.runtime.destroy()


def test_back_off_doubles(local: Subject) -> None:
    """A replica that ends at once is started again and again, ever more slowly."""
    sick = local.make_sick(local.wanted, "web")
    with pytest.raises(RuntimeFailed):
        local.runtime.apply(sick)
    starts = [event.wall_s for event in local.runtime.events() if event.kind is EventKind.STARTED]
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert gaps[0] >= 0.5
    assert gaps[1] >= 1.0
