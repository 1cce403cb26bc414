"""The image that all of ours are built on: pulled where there is a registry, else made by debootstrap."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from labctl.doctor import debian
from labctl.doctor.steps import Narrate, run, says
from labctl.errors import CannotRunHere

NAME = "debian:trixie-slim"
PACKAGE = "debootstrap"
_SUITE = "trixie"
_PULL_S = 120.0


def present() -> bool:
    return says(["docker", "image", "inspect", "--format", "{{.Id}}", NAME]) is not None


def ensure(narrate: Narrate) -> None:
    """Have the image; CannotRunHere when it can neither be pulled nor made."""
    if present():
        return
    narrate(f"pulling {NAME}")
    if says(["docker", "pull", "--quiet", NAME], timeout_s=_PULL_S):
        return
    root = debian.as_root()
    if not debian.is_debian() or root is None:
        raise CannotRunHere(
            f"{NAME} cannot be pulled, and only root on Debian can make it", hint=f"docker pull {NAME}"
        )
    narrate(f"{NAME} cannot be pulled: making it from Debian's packages")
    if not shutil.which(PACKAGE):
        debian.install([PACKAGE], prefix=root, narrate=narrate)
    _make(root, narrate)


def _make(root: list[str], narrate: Narrate) -> None:
    folder = Path(tempfile.mkdtemp(prefix="incident-lab-base-"))
    system = folder / "root"
    try:
        bootstrap = ["debootstrap", "--variant=minbase", "--include=ca-certificates", _SUITE, str(system)]
        run([*root, *bootstrap], "make the base image", narrate, telling=lambda line: line.startswith("I: "))
        narrate(f"importing {NAME}")
        run([*root, "sh", "-c", _SLIM.format(system=system, name=NAME)], "import the base image", narrate)
    finally:
        subprocess.run([*root, "rm", "-rf", str(folder)], check=False)


# As the official slim image: no documentation, no list of packages, no downloads kept.
_SLIM = """
set -e
cd {system}
rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/* var/log/* usr/share/man/* usr/share/locale/*
find usr/share/doc -mindepth 2 ! -name copyright ! -type d -delete
mkdir -p etc/dpkg/dpkg.cfg.d etc/apt/apt.conf.d
printf 'path-exclude /usr/share/%s/*\\n' man locale groff info lintian >etc/dpkg/dpkg.cfg.d/docker
printf 'path-exclude /usr/share/doc/*\\n' >>etc/dpkg/dpkg.cfg.d/docker
printf 'path-include /usr/share/doc/*/copyright\\n' >>etc/dpkg/dpkg.cfg.d/docker
printf '#!/bin/sh\\nexit 101\\n' >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
tar -c --numeric-owner . | docker import --change 'CMD ["bash"]' - {name}
"""
