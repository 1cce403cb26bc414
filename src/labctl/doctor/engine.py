"""The Docker engine and its command line: installed where that is allowed, started, extended."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from labctl.clock import Clock, SystemClock, Timeout, await_until
from labctl.doctor import base_image, debian
from labctl.doctor.machine import docker_engine
from labctl.doctor.steps import Narrate, run, says
from labctl.errors import CannotRunHere

PACKAGES = ("docker.io", "iptables")
"""Debian's engine, and what it needs to publish a port."""

PLUGINS = {"compose": "docker-compose", "buildx": "docker-buildx"}
"""Plugins of the command line, and the packages of Debian trixie that hold them."""

LOG = Path("/var/log/incident-lab-dockerd.log")
STARTS_WITHIN_S = 40.0
# An engine that was killed leaves its process number behind, and refuses to start where anything bears it.
FORGET_THE_DEAD = """
forget() {
    [ -f "$1" ] || return 0
    process="/proc/$(cat "$1")"
    if [ "$(cat "$process/comm" 2>/dev/null)" != "$2" ] || grep -q '^State:.Z' "$process/status"; then
        rm -f "$1"
    fi
}
forget "${RUN:=/var/run}/docker.pid" dockerd
forget "$RUN/docker/containerd/containerd.pid" containerd
"""
# All containers together weigh as much as one process of the host: beside anything busy a lab would starve.
# Here they get the weight of the sixteen that a lab is (cgroup v1, else v2).
WEIGH_CONTAINERS = """
weigh() { [ -d "$1" ] && mkdir -p "$1/docker" && echo "$3" >"$1/docker/$2"; } 2>/dev/null
weigh "${CGROUPS:=/sys/fs/cgroup}/cpu" cpu.shares 16384 || weigh "$CGROUPS" cpu.weight 1600 || :
"""
_SYSTEMD = Path("/run/systemd/system")
_PLACES = (  # where the command line looks, the user's own first
    Path.home() / ".docker/cli-plugins",
    Path("/usr/local/lib/docker/cli-plugins"),
    Path("/usr/libexec/docker/cli-plugins"),
)


def ensure(narrate: Narrate, clock: Clock | None = None) -> str:
    """The version of an engine that answers; one is installed and started if need be. CannotRunHere else."""
    answering = docker_engine()
    if answering:
        return answering
    root = debian.as_root()
    if root is None:
        raise CannotRunHere(
            "no Docker engine answers, and only root may start one",
            hint="sudo systemctl start docker, or join the group `docker`",
        )
    if not (shutil.which("dockerd") and shutil.which("docker")):
        if not debian.is_debian():
            raise CannotRunHere("there is no Docker engine", hint="install Docker, then try again")
        narrate("installing the Docker engine")
        debian.install(PACKAGES, prefix=root, narrate=narrate)
    narrate("starting the Docker engine")
    _start(root, narrate)
    return _await_engine(clock or SystemClock())


def plugin(name: str) -> str | None:
    """The version of a plugin of the command line, if it works."""
    said = says(["docker", name, "version"])
    return said.split("+")[0].split()[-1].lstrip("v") if said else None


def add_plugins(names: list[str], narrate: Narrate) -> None:
    """Install plugins from the trixie packages: each is one binary, which runs on older systems too."""
    narrate(f"adding {' and '.join(names)} to the docker command")
    root = debian.as_root()
    place = _PLACES[-1] if root is not None else _PLACES[0]
    packages = " ".join(PLUGINS[name] for name in names)
    script = (
        "set -e; apt-get update; mkdir /got; cd /got; "
        f"apt-get download {packages}; for each in *.deb; do dpkg -x $each .; done"
    )
    container = f"incident-lab-plugins-{os.getpid()}"
    fetch = ["docker", "run", "--name", container, "--network", "host", base_image.NAME, "sh", "-c", script]
    try:
        run(fetch, f"download {packages}", narrate)
        with tempfile.TemporaryDirectory() as drafts:
            source = f"{container}:/got/usr/libexec/docker/cli-plugins/."
            run(["docker", "cp", source, drafts], "copy the plugins", narrate)
            install = ["install", "-D", "-m", "755", "-t", str(place)]
            found = [str(Path(drafts) / f"docker-{name}") for name in names]
            run([*(root or []), *install, *found], f"install plugins in {place}", narrate)
    finally:
        with contextlib.suppress(OSError):
            subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=False)


def _start(root: list[str], narrate: Narrate) -> None:
    """By systemd where it runs; else in the background, for as long as the machine is up."""
    if _SYSTEMD.is_dir():
        run([*root, "systemctl", "start", "docker"], "start the Docker engine", narrate)
        return
    # A shell of root's opens the log, which is not ours to write; setsid lets it outlive this terminal.
    command = f"{FORGET_THE_DEAD} {WEIGH_CONTAINERS} exec setsid dockerd >>{LOG} 2>&1 </dev/null"
    subprocess.Popen(
        [*root, "sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _await_engine(clock: Clock) -> str:
    try:
        return (
            await_until(
                docker_engine, what="Docker engine", within_s=STARTS_WITHIN_S, clock=clock, every_s=0.3
            )
            or ""
        )
    except Timeout:
        last = LOG.read_text(errors="replace").splitlines()[-6:] if LOG.is_file() else []
        said = "".join(f"\n  {line}" for line in last)
        raise CannotRunHere(
            f"the Docker engine does not answer within {STARTS_WITHIN_S:g} s{said}", hint="docker version"
        ) from None
