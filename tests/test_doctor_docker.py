"""The doctor for the docker runtime: what it finds, what it would type, and how it builds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labctl.clock import FakeClock
from labctl.doctor import build, containers, engine
from labctl.doctor.diagnosis import Diagnosis
from labctl.doctor.machine import Machine
from labctl.doctor.steps import run, says
from labctl.errors import CannotRunHere

AMPLE = Machine(memory_mb=8000, disk_mb=8000, cores=4)
PLUGINS = {"compose": "2.26.1-4", "buildx": "0.13.1"}


def examine(
    version: str | None = "20.10.24+dfsg1",
    plugin: Callable[[str], str | None] = PLUGINS.get,
    missing: tuple[str, ...] = (),
) -> Diagnosis:
    return containers.diagnose(
        Path("/labs"),
        answering=lambda: version,
        plugin=plugin,
        missing_images=lambda: list(missing),
        look=lambda home: AMPLE,
    )


class TestDiagnosis:
    def test_a_machine_with_everything_is_fine(self) -> None:
        """An engine, Compose and the images; versions of Debian count as what they are."""
        assert examine().missing == ()

    def test_without_an_engine_its_images_are_missing_too(self) -> None:
        """Nobody can say which images there are."""
        assert [check.name for check in examine(version=None).missing] == ["Docker engine", "images"]

    def test_old_versions_are_said_with_what_is_needed(self) -> None:
        """Measured against needed."""
        old = examine(version="19.03.1", plugin=lambda name: "2.17.2")
        assert old.summary == (
            "this machine lacks Docker engine 20.10 (here is 19.03.1), Docker Compose 2.20 (here is 2.17.2)"
        )

    def test_buildx_is_needed_only_to_build(self) -> None:
        """Where the images are, nobody misses it."""
        without = {"compose": "2.26.1"}.get
        assert examine(plugin=without).missing == ()
        lacking = examine(plugin=without, missing=("redis",))
        assert [check.name for check in lacking.missing] == ["Docker buildx", "images"]


class TestFix:
    def test_only_what_is_missing_is_done(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With engine, plugins and all images but one, that one is built."""
        done: list[object] = []
        monkeypatch.setattr("labctl.doctor.engine.ensure", lambda narrate: "20.10")
        monkeypatch.setattr("labctl.doctor.engine.plugin", PLUGINS.get)
        monkeypatch.setattr("labctl.doctor.engine.add_plugins", lambda names, narrate: done.append(names))
        monkeypatch.setattr("labctl.doctor.base_image.ensure", lambda narrate: done.append("base"))
        monkeypatch.setattr("labctl.doctor.build.missing", lambda: ["redis"])
        monkeypatch.setattr("labctl.doctor.build.build", lambda targets, narrate: done.append(targets))
        containers.fix(lambda text: None)
        assert done == ["base", ["redis"]]

    def test_an_engine_that_answers_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is installed, nothing is started."""
        monkeypatch.setattr("labctl.doctor.engine.docker_engine", lambda: "28.2")
        monkeypatch.setattr("labctl.doctor.engine.debian.install", lambda *_, **__: pytest.fail("installed"))
        assert engine.ensure(lambda text: None) == "28.2"

    def test_without_root_it_says_what_to_type(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Starting an engine is root's."""
        monkeypatch.setattr("labctl.doctor.engine.docker_engine", lambda: None)
        monkeypatch.setattr("labctl.doctor.engine.debian.as_root", lambda: None)
        with pytest.raises(CannotRunHere, match="only root") as refused:
            engine.ensure(lambda text: None)
        assert "systemctl start docker" in (refused.value.hint or "")

    def test_an_engine_that_does_not_come_up_is_said(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """With the last lines of its log."""
        log = tmp_path / "dockerd.log"
        log.write_text("failed to start daemon: iptables not found\n")
        monkeypatch.setattr("labctl.doctor.engine.LOG", log)
        monkeypatch.setattr("labctl.doctor.engine.docker_engine", lambda: None)
        monkeypatch.setattr("labctl.doctor.engine.debian.as_root", list)
        monkeypatch.setattr("labctl.doctor.engine.shutil.which", lambda name: f"/usr/bin/{name}")
        monkeypatch.setattr("labctl.doctor.engine._start", lambda root, narrate: None)
        with pytest.raises(CannotRunHere, match="iptables not found"):
            engine.ensure(lambda text: None, FakeClock())


class TestBuild:
    def test_this_machines_certificates_come_along_as_a_secret(self, tmp_path: Path) -> None:
        """Behind a proxy that inspects TLS, pip needs them; in the image they don't stay."""
        bundle = tmp_path / "ca.pem"
        bundle.touch()
        argv = build.command("redis", {"PIP_CERT": "/no/such/file", "SSL_CERT_FILE": str(bundle)}, tmp_path)
        assert f"id=ca,src={bundle}" in argv

    def test_index_and_proxies_come_along_by_name(self, tmp_path: Path) -> None:
        """Their values may hold passwords, and a process list is public."""
        secret = "https://user:hunter2@company.example"  # noqa: S105
        environment = {"PIP_INDEX_URL": secret, "https_proxy": secret, "HTTP_PROXY": ""}
        argv = build.command("redis", environment, tmp_path)
        assert "id=index,env=PIP_INDEX_URL" in argv
        assert argv[argv.index("--build-arg") + 1] == "https_proxy"
        assert "HTTP_PROXY" not in argv
        assert not [word for word in argv if "hunter2" in word]


class TestSteps:
    def test_progress_is_told_now_and_then(self) -> None:
        """At most every few seconds, what the program last said."""
        heard: list[str] = []
        clock = FakeClock()
        program = "for i in range(4): print(f'line {i}')"

        def told(line: str) -> bool:
            clock.sleep(3)
            return True

        run([sys.executable, "-c", program], "count", heard.append, telling=told, clock=clock)
        assert heard == ["count: line 1", "count: line 3"]

    def test_a_failure_has_its_last_words(self) -> None:
        """What could not be done, and why."""
        with pytest.raises(CannotRunHere, match=r"could not count:\n  oh"):
            run([sys.executable, "-c", "raise SystemExit('oh')"], "count", lambda text: None)

    def test_a_missing_program_is_no_traceback(self) -> None:
        """Neither when it is run nor when it is asked."""
        with pytest.raises(CannotRunHere, match="could not count"):
            run(["no-such-program"], "count", lambda text: None)
        assert says(["no-such-program"]) is None


@pytest.mark.parametrize(("alive", "kept"), [(True, True), (False, False)])
def test_a_dead_engines_process_number_is_forgotten(tmp_path: Path, alive: bool, kept: bool) -> None:
    """A killed engine's pid file goes, also where a stranger bears the number; a living one's stays."""
    name = "dockerd" if alive else "stranger"
    program = tmp_path / name
    shutil.copy("/bin/sleep", program)
    pid_file = tmp_path / "docker.pid"
    with subprocess.Popen([program, "60"]) as process:
        pid_file.write_text(str(process.pid))
        script = ["sh", "-e", "-c", engine.FORGET_THE_DEAD]
        subprocess.run(script, env={"RUN": str(tmp_path), "PATH": os.environ["PATH"]}, check=True)
        process.kill()
    assert pid_file.exists() is kept


@pytest.mark.parametrize(
    ("version", "file", "weight"),
    [("cpu", "docker/cpu.shares", "16384\n"), (".", "docker/cpu.weight", "1600\n")],
)
def test_containers_weigh_what_their_processes_would(
    tmp_path: Path, version: str, file: str, weight: str
) -> None:
    """All together, in the first version of cgroups and in the second; by default they weigh one."""
    place = tmp_path / version
    place.mkdir(exist_ok=True)
    script = ["sh", "-e", "-c", engine.WEIGH_CONTAINERS]
    subprocess.run(script, env={"CGROUPS": str(tmp_path), "PATH": os.environ["PATH"]}, check=True)
    assert (place / file).read_text() == weight


def test_an_engine_starts_where_nothing_can_be_weighed(tmp_path: Path) -> None:
    """Without cgroups that can be written nothing is done, and nothing said."""
    script = ["sh", "-e", "-c", engine.WEIGH_CONTAINERS]
    nowhere = {"CGROUPS": str(tmp_path / "none"), "PATH": os.environ["PATH"]}
    done = subprocess.run(script, env=nowhere, check=True, capture_output=True)
    assert (done.stdout, done.stderr) == (b"", b"")
