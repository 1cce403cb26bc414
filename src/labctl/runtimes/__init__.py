"""What runs a stack: `open_runtime("local", stack, site)`; `base.py` has the seam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.runtimes.base import Capability, Runtime, Site
    from labctl.stack.compose import Stack

KINDS = ("docker", "local", "fake")
AUTO = "auto"


def chosen_kind(kind: str) -> str:
    """The kind of a new lab: for `auto`, `docker` where an engine answers, else `local`.

    UsageError for a kind that does not exist.
    """
    if kind in KINDS:
        return kind
    if kind != AUTO:
        raise UsageError(f"there is no runtime {kind!r}; there are {', '.join((AUTO, *KINDS))}")
    from labctl.runtimes.docker import answers  # noqa: PLC0415 (only what is used)

    return "docker" if answers() else "local"


def open_runtime(kind: str, stack: Stack, site: Site) -> Runtime:
    """The runtime of a lab, running or not; UsageError for a kind that does not exist."""
    if kind == "local":
        from labctl.runtimes.local.runtime import LocalRuntime  # noqa: PLC0415 (only what is used)

        return LocalRuntime(stack, site)
    if kind == "docker":
        from labctl.runtimes.docker.runtime import DockerRuntime  # noqa: PLC0415

        return DockerRuntime(stack, site)
    if kind == "fake":
        from labctl.runtimes.fake import FakeRuntime  # noqa: PLC0415

        return FakeRuntime(stack, site)
    raise UsageError(f"there is no runtime {kind!r}; there are {', '.join(KINDS)}")


def capabilities(kind: str) -> frozenset[Capability]:
    """What a runtime of this kind can do on this machine, without a lab; nothing where none answers."""
    if kind == "docker":
        from labctl.runtimes.docker.runtime import capabilities_here  # noqa: PLC0415 (only what is used)

        return capabilities_here()
    from labctl.runtimes.base import Capability  # noqa: PLC0415

    return frozenset(Capability)
