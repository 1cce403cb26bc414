"""The docker runtime's pure parts: the file it generates, the plan, events in order, usage from files."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labctl import assets
from labctl.errors import UsageError
from labctl.runtimes import chosen_kind
from labctl.runtimes import docker as docker_runtime
from labctl.runtimes.base import Site
from labctl.runtimes.docker import by_hand, composed, engine, images, settings, usage
from labctl.runtimes.docker.chronicle import OURS, Chronicle, _in_order
from labctl.runtimes.docker.engine import Engine, demultiplexed
from labctl.runtimes.docker.keeper import waves
from labctl.runtimes.docker.places import Places
from labctl.runtimes.docker.plan import Plan, Planned
from labctl.stack.compose import baseline, load_stack
from labctl.stack.flags import told as told_flags
from labctl.stack.wanted import Limits, Want

STACK = load_stack()
SITE = Site(
    "lab",
    "abcdef0123",
    Path("/home/labs/lab"),
    Path("/home/cache"),
    dict.fromkeys(("POSTGRES_PASSWORD", "SHOP_PASSWORD", "ANALYTICS_PASSWORD", "REDIS_PASSWORD"), "p$w"),
)


def planned(name: str = "checkout-3", **changes: Any) -> Planned:
    component = name.rpartition("-")[0]
    port = str(STACK[component].port)
    return replace(Planned(name, component, {port: 20042}, None, {}, Limits()), **changes)


def service(each: Planned) -> dict[str, Any]:
    found: dict[str, Any] = composed.compose_file(STACK, SITE, [each])["services"][each.name]
    return found


class TestComposed:
    def test_everything_bears_the_labs_label(self) -> None:
        """Containers, networks and volumes: what has no label could not be removed."""
        file = composed.compose_file(STACK, SITE, [planned(), planned("postgres-1")])
        labelled = [*file["services"].values(), *file["networks"].values(), *file["volumes"].values()]
        assert len(labelled) == 4
        assert {each["labels"][engine.LABEL] for each in labelled} == {SITE.id}

    def test_names_of_two_labs_differ(self) -> None:
        """Also for labs of one name in two homes."""
        other = replace(SITE, id="fedcba9876")
        assert composed.project(SITE) != composed.project(other)

    def test_a_password_with_a_dollar_stays_as_it_is(self) -> None:
        """Compose would take it for a variable."""
        assert service(planned())["environment"]["POSTGRES_PASSWORD"] == "p$$w"  # noqa: S105

    def test_release_and_environment_are_those_of_the_replica(self) -> None:
        """What was set comes after what the Compose file says; the release is told to the entrypoint."""
        told = service(planned(release="2.4.0", environment={"DB_POOL_MAX": "3", "SERVICE": "x"}))[
            "environment"
        ]
        assert (told["RELEASE"], told["DB_POOL_MAX"], told["SERVICE"]) == ("2.4.0", "3", "x")
        assert "RELEASE" not in service(planned())["environment"]

    def test_nothing_tells_the_lab_from_a_shop(self) -> None:
        """No variable in a container names the lab, a drill or a scenario."""
        assert not [name for name in service(planned())["environment"] if "LAB" in name or "SCENARIO" in name]

    def test_limits_can_be_changed_later(self) -> None:
        """Memory with its swap, and a quota rather than `cpus`, which the engine would hold on to."""
        limited = service(planned(limits=Limits(memory_mb=64, cpus=0.5)))
        assert limited["mem_limit"] == limited["memswap_limit"] == 64 * 2**20
        assert (limited["cpu_quota"], limited["cpu_period"]) == (50_000, 100_000)
        assert not {"cpus", "mem_limit", "cpu_quota"} & service(planned()).keys()

    def test_settings_are_a_folder(self) -> None:
        """A single file that is bound would not follow when it is replaced."""
        (mount,) = service(planned())["volumes"]
        assert mount["source"] == "/home/labs/lab/settings"
        assert (mount["type"], mount["target"], mount["read_only"]) == ("bind", "/settings", True)

    def test_fresh_data_is_another_volume(self) -> None:
        """And the old one's name is known, so that it can be removed."""
        first, second = planned("postgres-1"), planned("postgres-1", data=1)
        assert composed.data_volumes(STACK, SITE, first) != composed.data_volumes(STACK, SITE, second)
        assert set(composed.data_volumes(STACK, SITE, second)) == set(
            composed.compose_file(STACK, SITE, [second])["volumes"]
        )


class TestPlan:
    def test_it_is_on_disk_at_once(self, tmp_path: Path) -> None:
        """What was begun is known to whoever comes after a crash."""
        plan = Plan.read(tmp_path / "replicas.json")
        plan.put(planned(limits=Limits(memory_mb=64)))
        plan.edit("checkout-3", retiring=True)
        again = Plan.read(tmp_path / "replicas.json")
        assert again.replicas == plan.replicas
        assert (again.active, again.of("checkout")) == ([], [])

    def test_a_name_is_never_used_twice(self, tmp_path: Path) -> None:
        """The highest number stays known when its replica is gone."""
        plan = Plan.read(tmp_path / "replicas.json")
        plan.put(planned("checkout-3"))
        plan.drop(["checkout-3"])
        assert Plan.read(tmp_path / "replicas.json").last == {"checkout": 3}

    def test_an_edition_is_release_and_environment(self) -> None:
        """Limits and counters are not part of it."""
        one = planned(release="1", environment={"A": "b"})
        assert one.is_edition(Want(release="1", environment={"A": "b"}, restarts=5, limits=Limits(64)))
        assert not one.is_edition(Want(release="2", environment={"A": "b"}))
        assert not one.is_edition(Want(release="1"))


class TestWaves:
    def test_each_wave_needs_only_earlier_ones(self) -> None:
        """Whoever is started finds what it depends on."""
        found = waves(STACK)
        for index, wave in enumerate(found):
            earlier = {name for before in found[:index] for name in before}
            assert all(set(STACK[name].depends_on) <= earlier for name in wave)
        assert sorted(name for wave in found for name in wave) == sorted(STACK.components)


def told(at_s: float, action: str, identity: str = "a") -> dict[str, Any]:
    return {"timeNano": int(at_s * 1e9), "Action": action, "id": identity}


def actions(*events: dict[str, Any]) -> list[str]:
    return [each["Action"] for each in _in_order(list(events))]


class TestEventsInOrder:
    def test_other_events_are_left_out(self) -> None:
        """What is made or attached to is nothing that happened to a replica."""
        assert actions(told(1, "create"), told(2, "attach"), told(3, "die")) == ["die"]

    def test_an_oom_comes_before_the_end_that_it_caused(self) -> None:
        """The engine may tell of it late."""
        assert actions(told(1, "die"), told(1.2, "oom"), told(1.4, "start")) == ["oom", "die", "start"]

    def test_one_kill_is_one_oom(self) -> None:
        """The kernel may tell of it twice; another second is another kill, as is another container's."""
        assert actions(told(1, "oom"), told(1.1, "oom"), told(1.2, "die")) == ["oom", "die"]
        assert actions(told(1, "oom"), told(2.5, "oom")) == ["oom", "oom"]
        assert actions(told(1, "oom"), told(1.1, "oom", "b")) == ["oom", "oom"]


class Telling(Engine):
    """An engine that has just these events to tell."""

    def __init__(self) -> None:
        super().__init__("abcdef0123")
        self.told: list[dict[str, Any]] = []

    def events(self, since: str, until: float) -> list[dict[str, Any]]:
        return self.told

    def tell(self, at_s: float, action: str, **more: str) -> None:
        about = {engine.REPLICA: "web-1", engine.COMPONENT: "web", "exitCode": "137", **more}
        self.told.append({**told(at_s, action), "Actor": {"Attributes": about}})


class TestChronicle:
    @pytest.fixture
    def docker(self) -> Telling:
        return Telling()

    @pytest.fixture
    def chronicle(self, docker: Telling, tmp_path: Path) -> Chronicle:
        places = Places(tmp_path)
        places.make()
        return Chronicle(docker, places)

    def test_what_was_told_once_is_written_once(self, docker: Telling, chronicle: Chronicle) -> None:
        """The engine tells the same again; the cursor of an event stays."""
        docker.tell(1, "start")
        first = list(chronicle.read())
        docker.tell(2, "die")
        assert list(chronicle.read()) == [*first, *chronicle.read(first[-1].cursor)]
        assert [event.kind for event in chronicle.read()] == ["started", "exited"]

    def test_an_end_that_was_asked_for_is_no_crash(self, docker: Telling, chronicle: Chronicle) -> None:
        """And one after that is."""
        docker.tell(1, "start")
        with chronicle.asking("a"):
            docker.tell(2, "die")
        docker.tell(3, "start")
        docker.tell(4, "die")
        assert [event.wanted for event in chronicle.read() if event.kind == "exited"] == [True, False]
        assert (chronicle.lives()["web-1"].restarts, chronicle.lives()["web-1"].exit_code) == (1, 137)

    def test_what_a_killed_apply_asked_for_is_forgotten(self, docker: Telling, chronicle: Chronicle) -> None:
        """Or every later crash of that container would count as wanted."""
        chronicle.asking("a").__enter__()
        chronicle.nothing_asked()
        docker.tell(1, "die")
        assert [event.wanted for event in chronicle.read()] == [False]

    def test_ready_is_noted_once_for_each_start(self, docker: Telling, chronicle: Chronicle) -> None:
        """Whoever sees it first; nobody who does not run is ready."""
        chronicle.ready({"web-1": "web"})
        docker.tell(1, "start")
        chronicle.ready({"web-1": "web"})
        chronicle.ready({"web-1": "web"})
        docker.tell(2, "die")
        assert [event.kind for event in chronicle.read()] == ["started", "ready", "exited"]
        assert chronicle.lives()["web-1"].arrived

    @pytest.mark.parametrize(
        ("action", "said"),
        [
            ("restart", "restarted web-1"),
            ("stop", "stopped web-1"),
            ("kill", "sent signal 9 to web-1"),
            ("pause", "paused web-1"),
            ("update", "changed the limits of web-1"),
            ("exec_create: sh -c ls", "ran in web-1: sh -c ls"),
        ],
    )
    def test_what_somebody_does_with_docker_is_told(
        self, docker: Telling, chronicle: Chronicle, action: str, said: str
    ) -> None:
        """In words; the replica's life is as it was."""
        docker.tell(1, action, signal="9")
        assert [(event.kind, event.said, event.replica) for event in chronicle.read()] == [
            ("by-hand", said, "web-1")
        ]
        assert chronicle.lives()["web-1"].restarts == 0

    def test_what_labctl_does_itself_is_not(self, docker: Telling, chronicle: Chronicle) -> None:
        """Ends that it asked for, limits that it changes, and programs that it runs inside."""
        with chronicle.asking("a"):
            docker.tell(1, "kill", signal="15")
            docker.tell(2, "restart")
        with chronicle.doing("a"):
            docker.tell(3, "update")
        docker.tell(4, f"exec_create: {' '.join(OURS)} psql")
        docker.tell(5, "exec_die")
        docker.tell(6, "create")
        assert list(chronicle.read()) == []
        docker.tell(7, "update")
        assert [event.said for event in chronicle.read()] == ["changed the limits of web-1"]

    def test_a_crash_during_a_change_of_limits_is_a_crash(
        self, docker: Telling, chronicle: Chronicle
    ) -> None:
        """What labctl does short of an end asks for none."""
        with chronicle.doing("a"):
            docker.tell(1, "die")
        assert [event.wanted for event in chronicle.read()] == [False]
        assert not chronicle.lives()["web-1"].ready


CONTAINER = {"Id": "c0ffee", "State": {"Pid": 7}}


class TestUsage:
    def kernel(self, folder: Path, told: str, files: dict[str, str]) -> usage.Usage | None:
        """What is read where the kernel tells this."""
        for name, text in {"proc/7/cgroup": told, **files}.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return usage.from_files(CONTAINER, folder / "proc", folder / "cg")

    def test_version_1(self, tmp_path: Path) -> None:
        """Each controller has its own tree; an empty hierarchy of version 2 beside them is ignored."""
        found = self.kernel(
            tmp_path,
            "4:memory:/docker/c0ffee\n2:cpu,cpuacct:/docker/c0ffee\n0::/docker/c0ffee\n",
            {
                "cg/memory/docker/c0ffee/memory.usage_in_bytes": str(30 * 2**20),
                "cg/memory/docker/c0ffee/memory.stat": f"total_inactive_file {10 * 2**20}\n",
                "cg/cpuacct/docker/c0ffee/cpuacct.usage": "1500000000",
            },
        )
        assert found == usage.Usage(memory_mb=20.0, cpu_s=1.5)

    def test_version_2(self, tmp_path: Path) -> None:
        """One tree for all."""
        place = "cg/system.slice/docker-c0ffee.scope"
        found = self.kernel(
            tmp_path,
            "0::/system.slice/docker-c0ffee.scope\n",
            {
                f"{place}/memory.current": str(30 * 2**20),
                f"{place}/memory.stat": f"anon 5\ninactive_file {10 * 2**20}\n",
                f"{place}/cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
            },
        )
        assert found == usage.Usage(memory_mb=20.0, cpu_s=1.5)

    def test_another_machines_engine(self, tmp_path: Path) -> None:
        """A process of that number here is not the container: the engine is asked instead."""
        assert self.kernel(tmp_path, "0::/user.slice\n", {}) is None
        assert usage.from_files(CONTAINER, tmp_path / "nowhere", tmp_path) is None


class TestImages:
    def test_only_ours_get_a_tag(self) -> None:
        """Another's image, or one with a tag, is used as it is named."""
        assert images.tagged("incident-lab/redis") == f"incident-lab/redis:{images.key()}"
        assert images.tagged("grafana/grafana:11.6.0") == "grafana/grafana:11.6.0"

    def test_every_component_has_an_image_that_is_built(self) -> None:
        """Nothing is pulled when a lab starts."""
        assert {images.tagged(each.image) for each in STACK.components.values()} == set(images.names())

    def test_another_source_is_another_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An edited service never runs from a stale image; compiled files don't count."""
        for name in ("images/Dockerfile", "requirements/lab.txt", "services/edge/x.py", "slos/a.yaml"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("one")
        monkeypatch.setattr(assets, "root", lambda: tmp_path)
        first = images.key.__wrapped__()
        (tmp_path / "services/edge/__pycache__").mkdir()
        (tmp_path / "services/edge/__pycache__/x.pyc").write_text("compiled")
        assert images.key.__wrapped__() == first
        (tmp_path / "services/edge/x.py").write_text("two")
        assert images.key.__wrapped__() != first


def test_the_settings_for_starting_by_hand_are_current() -> None:
    """`python -m labctl.runtimes.docker.by_hand` writes them."""
    folder = assets.path("images") / "settings"
    assert {name: (folder / name).read_text() for name in by_hand.files()} == by_hand.files()


@pytest.mark.parametrize(("answers", "kind"), [(True, "docker"), (False, "local")])
def test_auto_is_docker_where_an_engine_answers(
    monkeypatch: pytest.MonkeyPatch, *, answers: bool, kind: str
) -> None:
    """Otherwise plain processes; a kind that was named is taken at its word."""
    monkeypatch.setattr(docker_runtime, "answers", lambda: answers)
    assert chosen_kind("auto") == kind
    assert [chosen_kind(each) for each in ("local", "docker")] == ["local", "docker"]
    with pytest.raises(UsageError, match="auto, docker, local"):
        chosen_kind("podman")


class TestSettings:
    def test_what_a_third_party_is_told_is_sealed(self, tmp_path: Path) -> None:
        """Beside the shop's own flags, which anybody may read; both are written anew each time."""
        places = Places(tmp_path)
        places.make()
        want = baseline(STACK).flag("maintenance", "on").flag("bank-delay", "2s")
        settings.render(STACK, places, want)
        first = places.foreign_flags.read_bytes()
        settings.render(STACK, places, want)
        assert places.flags.read_text() == '{"maintenance":"on"}'
        assert told_flags(places.settings) == {"maintenance": "on", "bank-delay": "2s"}
        assert places.foreign_flags.read_bytes() != first
        assert {places.flags.stat().st_mode & 0o777, places.foreign_flags.stat().st_mode & 0o777} == {0o644}


def test_what_a_program_printed_is_told_from_its_complaints() -> None:
    """Frames as the engine sends them, in any order and size; one that was cut short says what it has."""
    frames = b"".join(
        struct.pack(">BxxxL", stream, len(text)) + text
        for stream, text in ((1, b"hel"), (2, b"oh\n"), (1, b""), (1, b"lo\n"))
    )
    assert demultiplexed(frames) == (b"hello\n", b"oh\n")
    assert demultiplexed(frames[:-2]) == (b"hell", b"oh\n")
    assert demultiplexed(b"") == (b"", b"")
