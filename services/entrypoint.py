"""Run one release of one service: copy base and overlay into a fresh tree, and start what is there.

A service without releases runs where it lies: nobody reads its code beside the shop's own.

Environment: SERVICE, RELEASE (absent: the base), TREE_DIR (a folder that this program may empty and
fill), SETTINGS_DIR (where a hot-fix lies under releases/). Exit code 64: no such service or release.
"""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
import zlib
from pathlib import Path
from typing import NoReturn

SERVICES = Path(__file__).resolve().parent
NO_SUCH_RELEASE = 64
_NOT_CODE = shutil.ignore_patterns("__pycache__", "releases", "releases.toml")


class NoSuchRelease(Exception):
    """The service or its release does not exist; the message is one clear line."""


def base_release(service: str) -> str | None:
    """The version that `releases.toml` calls the base; None for a service without releases."""
    declared = SERVICES / service / "releases.toml"
    return str(tomllib.loads(declared.read_text())["base"]) if declared.is_file() else None


def overlay(service: str, release: str, settings: Path) -> Path | None:
    """The folder whose files replace the base's; None for the base. Raises NoSuchRelease."""
    if not (SERVICES / service / "__main__.py").is_file():
        raise NoSuchRelease(f"there is no service {service!r} in {SERVICES}")
    if release == (base_release(service) or ""):
        return None
    places = (SERVICES / service / "releases", settings / "releases" / service)
    if release and Path(release).name == release:
        for place in places:
            if (place / release).is_dir():
                return place / release
    looked = " or ".join(map(str, places))
    raise NoSuchRelease(f"{service} has no release {release!r}: it is neither the base nor in {looked}")


def materialise(service: str, release: str, settings: Path, tree: Path) -> None:
    """Fill `tree` with the service as of one release and what it shares with others; nothing else."""
    differs = overlay(service, release, settings)
    if tree.exists():
        shutil.rmtree(tree)
    shutil.copytree(SERVICES / "shared", tree / "shared", ignore=_NOT_CODE)
    shutil.copytree(SERVICES / service, tree / service, ignore=_NOT_CODE)
    shutil.copy(SERVICES / "flags.toml", tree / "flags.toml")
    if differs:
        shutil.copytree(differs, tree / service, ignore=_NOT_CODE, dirs_exist_ok=True)
    _stamp(tree)


def _stamp(tree: Path) -> None:
    """Set each source's mtime from its content.

    Python trusts a .pyc when mtime (in seconds) and size of its source agree. Two releases may agree
    in both (`8` became `2`, one checkout wrote both), and the old release would silently run.
    """
    for source in tree.rglob("*.py"):
        stamp = zlib.crc32(source.read_bytes()) & 0x7FFFFFFF
        os.utime(source, (stamp, stamp))


def main() -> NoReturn:
    service = os.environ.get("SERVICE", "")
    release = os.environ.get("RELEASE") or (base_release(service) if service else None) or ""
    tree = Path(os.environ.get("TREE_DIR") or f"/tmp/tree-{service}").resolve()  # noqa: S108 (a container's own)
    settings = Path(os.environ.get("SETTINGS_DIR", "/settings"))
    try:
        if not release and overlay(service, release, settings) is None:
            tree = SERVICES
        else:
            materialise(service, release, settings, tree)
    except NoSuchRelease as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NO_SUCH_RELEASE)
    os.chdir(tree)
    environment = {**os.environ, "PYTHONPATH": str(tree), "RELEASE": release}
    os.execve(sys.executable, [sys.executable, "-m", service], environment)  # noqa: S606


if __name__ == "__main__":
    main()
