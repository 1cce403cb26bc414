"""The doctor: what it finds, what it says, and what it does to a machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from labctl.cli.main import run
from labctl.doctor import debian, diagnosis, machine, treatment
from labctl.doctor.diagnosis import Check, Diagnosis, diagnose
from labctl.doctor.machine import Machine
from labctl.errors import CannotRunHere
from labctl.runtimes.local.tools import PROGRAMS, Tool
from tests.pretend import program

AMPLE = Machine(memory_mb=8000, disk_mb=8000, cores=4)


def everything(name: str) -> Tool | None:
    return Tool(name, Path("/bin") / name, (99,))


def all_but(*absent: str) -> Callable[[str], Tool | None]:
    return lambda name: None if name in absent else everything(name)


def examine(
    search: Callable[[str], Tool | None] = everything, here: Machine = AMPLE, docker: str | None = None
) -> Diagnosis:
    return diagnose(Path("/labs"), search=search, look=lambda home: here, docker=lambda: docker)


class TestDiagnosis:
    def test_a_machine_with_everything_is_fine(self) -> None:
        """With every program nothing is missing, with or without Docker."""
        assert examine().missing == ()
        assert examine().summary == "this machine can run a lab"

    @pytest.mark.parametrize("name", PROGRAMS)
    def test_each_program_is_needed(self, name: str) -> None:
        """Without any one of the programs no lab runs, and its package is named."""
        assert examine(all_but(name)).packages == (PROGRAMS[name].debian,)

    def test_a_package_is_named_once(self) -> None:
        """The server, initdb and psql are one thing to install and one thing to say."""
        lacking = examine(all_but("postgres", "initdb", "psql", "redis-exporter"))
        assert lacking.packages == ("postgresql", "prometheus-redis-exporter")
        assert lacking.summary == "this machine lacks PostgreSQL server, Redis exporter"

    def test_what_is_too_old_is_said_with_both_versions(self) -> None:
        """Measured against needed, for a program that is there and will not do."""
        old = examine(
            lambda name: Tool(name, Path("/x"), (2, 1)) if name == "prometheus" else everything(name)
        )
        assert old.summary == "this machine lacks Prometheus 2.40 (here is 2.1)"

    def test_a_small_machine_is_warned_about_and_not_refused(self) -> None:
        """Little memory, disk or cores make a lab slow, not impossible."""
        small = examine(here=Machine(memory_mb=300, disk_mb=100, cores=1))
        assert small.missing == ()
        assert [check.name for check in small.low] == ["free memory", "free disk", "cores"]

    def test_docker_is_for_information(self) -> None:
        """An absent engine is no warning; a present one is shown with its version."""
        assert examine(docker=None).low == ()
        assert examine(docker="28.2").checks[-1].found == "28.2"

    def test_the_machine_is_looked_at_before_its_folder_exists(self, tmp_path: Path) -> None:
        """Free disk is that of the file system on which labs will be made."""
        here = machine.look(tmp_path / "not" / "yet")
        assert min(here.memory_mb, here.disk_mb, here.cores) > 0


class TestTreatment:
    @pytest.mark.parametrize(
        ("os_release", "apt", "expected"),
        [
            ("ID=debian\n", True, True),
            ('NAME="x"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', True, True),
            ("ID=fedora\n", True, False),
            ("ID=debian\n", False, False),
        ],
    )
    def test_debian_and_its_family_are_told_from_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, os_release: str, apt: bool, expected: bool
    ) -> None:
        """Only a system of Debian's family that has apt-get is treated."""
        if apt:
            program(tmp_path / "bin/apt-get")
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        (tmp_path / "os-release").write_text(os_release)
        assert debian.is_debian(tmp_path / "os-release") is expected

    @pytest.mark.parametrize(
        ("is_debian", "prefix", "tried", "expected"),
        [
            (True, [], False, "labctl doctor --fix"),
            (True, ["sudo", "-n"], False, "labctl doctor --fix"),
            (True, None, False, "--no-install-recommends postgresql redis-server"),
            (True, [], True, "install these by other means, so that they are on PATH: PostgreSQL server"),
            (False, None, False, "install these by other means, so that they are on PATH: PostgreSQL server"),
        ],
    )
    def test_what_to_type_depends_on_what_may_be_done(
        self,
        monkeypatch: pytest.MonkeyPatch,
        is_debian: bool,
        prefix: list[str] | None,
        tried: bool,
        expected: str,
    ) -> None:
        """Root gets `--fix`, others the exact apt-get line, other systems and hopeless cases a list."""
        monkeypatch.setattr(debian, "is_debian", lambda: is_debian)
        monkeypatch.setattr(debian, "as_root", lambda: prefix)
        lacking = examine(all_but("postgres", "redis-server"))
        assert expected in "\n".join(treatment.commands(lacking, tried=tried))
        assert treatment.commands(examine()) == []


class Apt(NamedTuple):
    """A pretended Debian: programs on PATH, a file system of its own, and a record of what happened."""

    root: Path
    record: Path
    policy: Path
    cluster: Path

    def install(self, *packages: str) -> list[str]:
        told: list[str] = []
        debian.install(packages, prefix=[], narrate=told.append)
        return told

    @property
    def happened(self) -> list[str]:
        return self.record.read_text().splitlines()


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apt:
    """A machine without any package. $FAILS is how often installing fails; $HAS are packages it has."""
    root, record, bin_ = tmp_path / "root", tmp_path / "record", tmp_path / "bin"
    made = Apt(root, record, root / "usr/sbin/policy-rc.d", root / "etc/postgresql-common/createcluster.conf")
    template = root / "usr/share/postgresql-common/createcluster.conf"
    for file in (made.policy, made.cluster, template):
        file.parent.mkdir(parents=True)
    template.write_text("# as packaged\n")
    record.touch()
    program(
        bin_ / "apt-get",
        "0 upgraded, 2 newly installed, 0 to remove",
        does=f"""
case "$*" in
*" update"*) echo update >>{record} ;;
*) for file in {made.policy} {made.cluster}; do [ ! -f $file ] || tail -n 1 $file >>{record}; done
   echo "install: ${{*##*recommends }}" >>{record}
   if [ $(grep -c install: {record}) -le ${{FAILS:-0}} ]; then echo "E: no such package"; exit 100; fi ;;
esac""",
    )
    program(
        bin_ / "dpkg-query", does='case " $HAS " in *" $4 "*) printf installed; exit ;; *) exit 1 ;; esac'
    )
    program(
        bin_ / "dpkg",
        "/lib/systemd/system\n/lib/systemd/system/redis.service\n/lib/systemd/system/at@.service",
    )
    program(bin_ / "systemctl", does=f'echo "systemctl $*" >>{record}')
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LABCTL_INSTALL_ROOT", str(root))
    monkeypatch.setenv("HAS", "")
    return made


class TestInstalling:
    def test_nothing_starts_and_no_cluster_is_made_while_packages_go_in(self, apt: Apt) -> None:
        """During the installation starting services is forbidden, and so is a main cluster."""
        apt.install("redis-server")
        assert apt.happened[:3] == ["exit 101", "create_main_cluster = false", "install: redis-server"]

    def test_the_machine_is_left_as_packaged(self, apt: Apt) -> None:
        """Afterwards the ban is gone, and Postgres' settings are those of its package."""
        apt.install("postgresql")
        assert not apt.policy.exists()
        assert apt.cluster.read_text() == "# as packaged\n"

    def test_the_machine_is_left_as_packaged_when_apt_fails(
        self, apt: Apt, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A failed installation takes the ban away too, and ends in apt's own words."""
        monkeypatch.setenv("FAILS", "9")
        with pytest.raises(CannotRunHere, match="E: no such package"):
            apt.install("postgresql")
        assert not apt.policy.exists()

    def test_what_a_killed_run_left_is_tidied(self, apt: Apt) -> None:
        """A ban that an earlier run could not take away does not outlive the next."""
        apt.policy.write_text(
            "#!/bin/sh\n# written by labctl doctor --fix, which takes it away again\nexit 101\n"
        )
        apt.install("redis-server")
        assert not apt.policy.exists()

    def test_the_owners_files_are_left_alone(self, apt: Apt, monkeypatch: pytest.MonkeyPatch) -> None:
        """A policy of the machine's owner stays, and so do Postgres settings once its tools are installed."""
        monkeypatch.setenv("HAS", "postgresql-common")
        apt.policy.write_text("#!/bin/sh\nexit 101\n")
        apt.install("postgresql")
        assert apt.happened[:2] == ["exit 101", "install: postgresql"]
        assert apt.policy.read_text() == "#!/bin/sh\nexit 101\n"
        assert not apt.cluster.exists()

    def test_only_what_is_new_is_turned_off(self, apt: Apt, monkeypatch: pytest.MonkeyPatch) -> None:
        """A service that came with this run will not start at boot; one that was there is not touched."""
        monkeypatch.setenv("HAS", "prometheus")
        apt.install("prometheus")
        assert "systemctl disable redis.service" not in apt.happened
        apt.install("redis-server")
        assert apt.happened[-1] == "systemctl disable redis.service"

    def test_lists_are_renewed_only_when_they_have_to_be(
        self, apt: Apt, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`apt-get update` runs after a failure, once, and the installation is tried again."""
        apt.install("redis-server")
        assert "update" not in apt.happened
        apt.record.write_text("")
        monkeypatch.setenv("FAILS", "1")
        apt.install("redis-server")
        assert [word for word in apt.happened if word.startswith(("install", "update"))] == [
            "install: redis-server",
            "update",
            "install: redis-server",
        ]

    def test_progress_is_told(self, apt: Apt) -> None:
        """A person learns how much there is to wait for."""
        assert apt.install("redis-server") == ["2 packages to download and install"]


@pytest.fixture
def ill(monkeypatch: pytest.MonkeyPatch) -> list[Diagnosis]:
    """What the doctor will find, one diagnosis after the other."""
    found: list[Diagnosis] = []
    monkeypatch.setattr(diagnosis, "diagnose", lambda home, docker=None: found.pop(0))
    monkeypatch.setattr(debian, "is_debian", lambda: True)
    monkeypatch.setattr(debian, "as_root", list)
    return found


def lacking(*packages: str) -> Diagnosis:
    return Diagnosis(tuple(Check(name, "15", None, None, fine=False, package=name) for name in packages))


class TestCommand:
    def test_when_all_is_well_fix_says_one_line(
        self, ill: list[Diagnosis], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """`make demo` asks every time, so nothing to do means one line."""
        ill.append(examine())
        assert run(["doctor", "--fix"]) == 0
        assert capsys.readouterr() == ("this machine can run a lab\n", "")

    def test_without_fix_nothing_is_installed(
        self, ill: list[Diagnosis], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A question changes nothing: exit 3, a table, and the next thing to type."""
        monkeypatch.setattr(debian, "install", lambda *a, **k: pytest.fail("installed"))
        ill.append(lacking("postgresql"))
        assert run(["doctor"]) == 3
        shown = capsys.readouterr()
        assert "missing" in shown.out
        assert "next:  labctl doctor --fix" in shown.err

    def test_fix_installs_what_is_missing_and_looks_again(
        self, ill: list[Diagnosis], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Fine is what a second look says, not what was installed."""
        installed: list[Sequence[str]] = []
        monkeypatch.setattr(debian, "install", lambda packages, **k: installed.append(packages))
        ill += [lacking("postgresql"), examine()]
        assert run(["doctor", "--fix"]) == 0
        assert installed == [("postgresql",)]
        ill += [lacking("postgresql"), lacking("postgresql")]
        assert run(["doctor", "--fix"]) == 3
        assert "install these by other means" in capsys.readouterr().err

    def test_json_has_the_checks_and_what_to_type(
        self, ill: list[Diagnosis], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A machine reads the same facts, with the same exit code."""
        ill.append(lacking("postgresql"))
        assert run(["doctor", "--json"]) == 3
        said = json.loads(capsys.readouterr().out)
        assert said["fine"] is False
        assert said["commands"] == ["labctl doctor --fix"]
        assert said["checks"][0]["says"] == "missing"

    def test_a_runtime_that_does_not_exist_is_a_mistake(self) -> None:
        """Exit 2, as for every wrong word on the command line."""
        assert run(["doctor", "--runtime", "podman"]) == 2

    @pytest.mark.integration
    def test_this_machine_can_run_a_lab(self) -> None:
        """After `labctl doctor --fix`, which `make test` runs first, every program is really there."""
        assert run(["doctor"]) == 0
