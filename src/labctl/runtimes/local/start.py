"""Starting and ending a lab's supervisor, from the command's side."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import labctl
from labctl.clock import Clock, Timeout, await_until
from labctl.errors import RuntimeFailed
from labctl.runtimes.base import Site
from labctl.runtimes.local import cgroup, layout, orphans, output, ports, settings, tools
from labctl.runtimes.local.fixed import fixed_ports
from labctl.runtimes.local.identity import Identity
from labctl.runtimes.local.job import Job, parts
from labctl.runtimes.local.layout import Layout
from labctl.runtimes.local.recipes import recipe
from labctl.slo import scrape
from labctl.stack.compose import Stack

_START_S = 10.0


def supervisor(places: Layout) -> Identity | None:
    """The lab's living supervisor."""
    plain = layout.read(places.run / "supervisor.json")
    identity = Identity.parse(plain["identity"]) if plain else None
    return identity if identity and identity.lives() else None


@dataclass(frozen=True)
class Options:
    by_cgroup: bool = True  # else limits are kept by sampling, as where no cgroup can be written
    start_deadline_s: float = 30.0
    drain_s: float = 1.0  # from the moment a replica is listed no more to its SIGTERM


def ensure(stack: Stack, site: Site, clock: Clock, options: Options) -> Identity:
    """The supervisor; started, after ending what a dead one left, if there is none."""
    places = Layout(site.folder)
    with _alone(places):
        running = supervisor(places)
        if running:
            return running
        _clear(site, places)
        programs = _programs(stack)
        known = layout.read(places.ports) or {}
        block = ports.claim(known.get("base"), site.id)
        try:
            layout.write(places.ports, {"base": block.base})
            fixed = fixed_ports(stack, block.base)
            job = Job(
                lab=site.id,
                folder=site.folder,
                cache=site.cache,
                secrets=dict(site.secrets),
                first_port=block.base + len(fixed),
                end_port=block.base + ports.SIZE,
                parts=parts(stack, site, fixed),
                order=stack.start_order(),
                programs=programs,
                target_label=scrape.COMPONENT,
                start_deadline_s=options.start_deadline_s,
                drain_s=options.drain_s,
                cgroups=cgroup.usable(site.id) if options.by_cgroup else [],
            )
            layout.write(places.job, job.to_plain())
            settings.render(stack, places, job.parts)
            _spawn(site, places, block.descriptor)
        finally:
            block.release()
        return _await_supervisor(places, clock)


def end(site: Site, clock: Clock) -> None:
    """End the supervisor, which ends the stack; then whatever of the lab is still there."""
    places = Layout(site.folder)
    running = supervisor(places)
    if running:
        running.send(signal.SIGTERM)
        try:
            await_until(
                lambda: not running.lives(), what="supervisor", within_s=6.0, clock=clock, every_s=0.02
            )
        except Timeout:
            running.send(signal.SIGKILL)
    _clear(site, places)


def _programs(stack: Stack) -> dict[str, str]:
    """Everything that this stack needs of this machine; CannotRunHere before anything is started."""
    needed = {name for each in stack.components.values() for name in recipe(each.recipe).needs}
    return {name: str(tools.find(name)) for name in sorted(needed)}


def _clear(site: Site, places: Layout) -> None:
    left = orphans.end(site.id, places.data)
    if left:
        pids = ", ".join(str(each.pid) for each in left)
        raise RuntimeFailed(f"{site.name}: processes {pids} do not end", hint=f"kill -9 {pids}")
    job = layout.read(places.job)
    for path in job["cgroups"] if job else []:
        cgroup.Group(Path(path)).remove()


@contextmanager
def _alone(places: Layout) -> Iterator[None]:
    """Two commands at once must not start two supervisors."""
    descriptor = os.open(places.run / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _spawn(site: Site, places: Layout, lock: int) -> None:
    (places.run / "supervisor.json").unlink(missing_ok=True)
    environment = {
        orphans.LABEL: site.id,
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(labctl.__file__).parents[1]),
        "PYTHONPYCACHEPREFIX": str(site.cache / "pycache"),
    }
    with places.supervisor_log.open("ab") as output_file:
        subprocess.run(  # returns at once: it detaches
            [sys.executable, "-m", "labctl.runtimes.local.supervisor", str(places.folder)],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output_file,
            stderr=output_file,
            start_new_session=True,
            pass_fds=[lock],  # the ports are its for as long as it lives
            check=False,
        )


def _await_supervisor(places: Layout, clock: Clock) -> Identity:
    try:
        found = await_until(
            lambda: supervisor(places), what="supervisor", within_s=_START_S, clock=clock, every_s=0.02
        )
    except Timeout:
        found = None
    if found is None:
        said = "\n".join(output.last_lines(places.supervisor_log, 5))
        raise RuntimeFailed(f"the supervisor did not start; it said:\n{said}")
    return found
