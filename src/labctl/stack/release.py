"""Releases are real code: a component's base tree, and overlays of the files that differ from it.

`services/<component>/releases.toml` lists them, oldest first; `releases/<version>/` beside it holds
the overlay, over the base or over the release that it stands `on`. A learner's hot-fix is an overlay
too, over the base, in the lab's settings, named after its content.
"""

from __future__ import annotations

import difflib
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from labctl import assets
from labctl.errors import UsageError
from labctl.stack.releases_file import Release, read
from labctl.stack.strict_yaml import did_you_mean

_NOT_CODE = ("releases", "__pycache__")
_LIST = "releases.toml"
HOTFIX = "hotfix-"


def components(services: Path | None = None) -> list[str]:
    """The components that have releases."""
    return sorted(path.parent.name for path in (services or assets.path("services")).glob(f"*/{_LIST}"))


def releases(component: str, *, services: Path | None = None) -> list[Release]:
    """Every release of a component, oldest first; UsageError for a component that has none."""
    return read(_folder(component, services) / _LIST)[1]


def base(component: str, *, services: Path | None = None) -> str:
    """The version whose code is the component's own tree."""
    return read(_folder(component, services) / _LIST)[0]


def previous(component: str, version: str, *, services: Path | None = None) -> str | None:
    """The release listed before this one, or None for the first; what a lab ran before is in its journal."""
    versions = [each.version for each in releases(component, services=services)]
    index = versions.index(find(component, version, services=services).version)
    return versions[index - 1] if index else None


def find(
    component: str, version: str, *, services: Path | None = None, settings: Path | None = None
) -> Release:
    """One release, a hot-fix in `settings` included; UsageError with what may have been meant."""
    known = {each.version: each for each in releases(component, services=services)}
    known |= {each.version: each for each in _hotfixes(component, settings)}
    if version not in known:
        hint = did_you_mean(version, known) or f"there are {', '.join(known)}"
        raise UsageError(f"{component} has no release {version!r}", hint=hint)
    return known[version]


def lineage(
    component: str, version: str, *, services: Path | None = None, settings: Path | None = None
) -> list[Release]:
    """What a release is made of: those that it stands on, from the first over the base, and itself."""
    release = find(component, version, services=services, settings=settings)
    below = lineage(component, release.on, services=services) if release.on else []
    return [*below, release]


def tree(
    component: str, version: str, *, services: Path | None = None, settings: Path | None = None
) -> dict[str, bytes]:
    """The code that a release runs: path within the component to content."""
    files = _files(_folder(component, services))
    for each in lineage(component, version, services=services, settings=settings):
        files |= _files(each.overlay) if each.overlay else {}
    return files


def diff(
    component: str, old: str, new: str, *, services: Path | None = None, settings: Path | None = None
) -> str:
    """The true difference between what two releases run, as a unified diff; empty when there is none."""
    before = tree(component, old, services=services, settings=settings)
    after = tree(component, new, services=services, settings=settings)
    changed = [path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
    return "".join(
        line
        for path in changed
        for line in _file_diff(f"{component}/{path}", before.get(path), after.get(path))
    )


def add_hotfix(settings: Path, component: str, from_folder: Path, *, services: Path | None = None) -> str:
    """Register a learner's own code as a release of one lab, and return its name.

    `from_folder` holds changed files, or a whole changed tree, at the same paths as in
    `services/<component>/`; only what differs from the base is kept. The same content has the same name.
    """
    if not from_folder.is_dir():
        raise UsageError(f"there is no folder {from_folder}")
    original, offered = _files(_folder(component, services)), _files(from_folder)
    if not offered.keys() & original.keys():
        said = f"no file in {from_folder} has the path of a file in services/{component}/"
        raise UsageError(said, hint=f"it has, for example, {min(original, default='nothing')}")
    changed = {path: content for path, content in offered.items() if original.get(path) != content}
    if not changed:
        raise UsageError(
            f"every file in {from_folder} is as in {component} {base(component, services=services)}"
        )
    name = HOTFIX + _fingerprint(changed)
    _place(changed, settings / "releases" / component / name)
    return name


def _place(files: dict[str, bytes], target: Path) -> None:
    """Write files to a folder that is either absent or complete, so that no start sees half of it."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch:
        draft = Path(scratch) / "tree"
        for path, content in files.items():
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            (draft / path).write_bytes(content)
        draft.rename(target)


def _fingerprint(files: dict[str, bytes]) -> str:
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path}\0{len(files[path])}\0".encode())
        whole.update(files[path])
    return whole.hexdigest()[:8]


def _hotfixes(component: str, settings: Path | None) -> Iterator[Release]:
    if settings is not None:
        for folder in sorted((settings / "releases" / component).glob(f"{HOTFIX}*")):
            yield Release(folder.name, "you", "", "a hot-fix", folder)


def _folder(component: str, services: Path | None) -> Path:
    folder = (services or assets.path("services")) / component
    if (folder / _LIST).is_file():
        return folder
    known = components(services)
    hint = did_you_mean(component, known) or f"there are releases of {', '.join(known) or 'nothing'}"
    raise UsageError(f"{component} has no releases", hint=hint)


def _files(folder: Path) -> dict[str, bytes]:
    """The code in a folder: neither the list of releases nor their overlays, nor what Python caches."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not {*_NOT_CODE} & {*parts} and path.suffix != ".pyc" and parts != (_LIST,):
            found["/".join(parts)] = path.read_bytes()
    return found


def _file_diff(path: str, old: bytes | None, new: bytes | None) -> Iterator[str]:
    before, after = ((each or b"").decode(errors="replace").splitlines(keepends=True) for each in (old, new))
    from_name, to_name = ("/dev/null" if content is None else path for content in (old, new))
    for line in difflib.unified_diff(before, after, from_name, to_name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
