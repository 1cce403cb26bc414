"""Run one release of one service: copy base and overlays into a fresh tree, and start what is there.

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
from typing import Any, NoReturn

SERVICES = Path(__file__).resolve().parent
NO_SUCH_RELEASE = 64
_NOT_CODE = shutil.ignore_patterns("__pycache__", "releases", "releases.toml")


class NoSuchRelease(Exception):
    """The service or its release does not exist; the message is one clear line."""


def declared(service: str) -> dict[str, Any]:
    """What `releases.toml` says: the base, and each release with what it stands on; empty without one."""
    listed = SERVICES / service / "releases.toml"
    return tomllib.loads(listed.read_text()) if listed.is_file() else {}


def overlays(service: str, release: str, settings: Path) -> list[Path]:
    """The folders whose files replace the base's, each over those before it; none for the base itself.

    A release stands on the base, or on the one that its `on` names. Raises NoSuchRelease.
    """
    if not (SERVICES / service / "__main__.py").is_file():
        raise NoSuchRelease(f"there is no service {service!r} in {SERVICES}")
    listed = declared(service)
    base = listed.get("base", "")
    below = {each["version"]: each.get("on", base) for each in listed.get("release", ())}
    folders = []
    while release != base:
        folders.append(_overlay(service, release, settings))
        release = below.get(release, base)
    return folders[::-1]


def _overlay(service: str, release: str, settings: Path) -> Path:
    """The folder of one release or hot-fix."""
    places = (SERVICES / service / "releases", settings / "releases" / service)
    if release and Path(release).name == release:
        for place in places:
            if (place / release).is_dir():
                return place / release
    looked = " or ".join(map(str, places))
    raise NoSuchRelease(f"{service} has no release {release!r}: it is neither the base nor in {looked}")


def materialise(service: str, release: str, settings: Path, tree: Path) -> None:
    """Fill `tree` with the service as of one release and what it shares with others; nothing else."""
    differing = overlays(service, release, settings)
    if tree.exists():
        shutil.rmtree(tree)
    shutil.copytree(SERVICES / "shared", tree / "shared", ignore=_NOT_CODE)
    shutil.copytree(SERVICES / service, tree / service, ignore=_NOT_CODE)
    shutil.copy(SERVICES / "flags.toml", tree / "flags.toml")
    for each in differing:
        shutil.copytree(each, tree / service, ignore=_NOT_CODE, dirs_exist_ok=True)
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
    release = os.environ.get("RELEASE") or declared(service).get("base", "")
    tree = Path(os.environ.get("TREE_DIR") or f"/tmp/tree-{service}").resolve()  # noqa: S108 (a container's own)
    settings = Path(os.environ.get("SETTINGS_DIR", "/settings"))
    try:
        if not release and not overlays(service, release, settings):
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
