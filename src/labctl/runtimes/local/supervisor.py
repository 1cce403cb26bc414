"""The supervisor of one lab: a small process that outlives commands and keeps the stack as wanted.

Started by `LocalRuntime` as `python -m labctl.runtimes.local.supervisor FOLDER`; told by files in run/:
`job.json` once, `wanted.sealed` whenever it changes. Tells by `state.json` and `events.jsonl`. It ends,
and everything with it, on SIGTERM or when its folder vanishes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from labctl.runtimes.local import layout, output
from labctl.runtimes.local.cgroup import Group
from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.history import History
from labctl.runtimes.local.identity import Identity
from labctl.runtimes.local.job import Job
from labctl.runtimes.local.keeper import Keeper
from labctl.runtimes.local.layout import Layout
from labctl.runtimes.local.ports import Rotation
from labctl.runtimes.local.replica import Replica
from labctl.stack.wanted import Wanted

log = logging.getLogger("supervisor")

TICK_S = 0.05
_PUBLISH_EVERY_S = 0.1
_HOUSEKEEPING_EVERY_S = 2.0
_LAST_WAVE_S = 1.5
_WAVE_S = 0.25


class Supervisor:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._layout = Layout(job.folder)
        self._rotation = Rotation(job.first_port, job.end_port)
        self._stopping = False
        self._dirty = True
        self._revision = 0
        self._settled = False
        self._seen: tuple[int, int] | None = None
        self._published: dict[str, Any] = {}
        self._untold = True
        self._next_publish = self._next_housekeeping = 0.0
        history = History(self._layout.events)
        ordinals = (layout.read(self._layout.state) or {}).get("next_ordinals", {})
        self._keepers = {
            name: Keeper(
                job.parts[name],
                job,
                history,
                next_port=self._next_port,
                changed=self._changed,
            )
            for name in job.order
        }
        for name, keeper in self._keepers.items():
            keeper.next_ordinal = ordinals.get(name, 1)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._stop)
        while not self._stopping:
            now = time.monotonic()
            self._read_wanted()
            for replica in self._replicas:
                replica.tick(now)
            if self._dirty:
                self._step()
            self._publish(now)
            self._housekeep(now)
            await asyncio.sleep(TICK_S)
        await self._shut_down()

    @property
    def _replicas(self) -> list[Replica]:
        return [replica for keeper in self._keepers.values() for replica in keeper.replicas]

    def _stop(self) -> None:
        self._stopping = True

    def _changed(self) -> None:
        self._dirty = self._untold = True

    def _next_port(self) -> int:
        return self._rotation.next({replica.port for replica in self._replicas})

    # Wanted

    def _read_wanted(self) -> None:
        try:
            status = self._layout.wanted.stat()
        except FileNotFoundError:
            log.info("the lab's folder is gone: ending everything")
            return self._stop()
        if (status.st_mtime_ns, status.st_ino) == self._seen:
            return None
        self._seen = (status.st_mtime_ns, status.st_ino)
        plain = layout.unseal(self._layout.wanted)
        wanted = Wanted.from_json(plain["wanted"])
        self._revision, self._settled = plain["revision"], False
        layout.tell_flags(self._layout, wanted.flags, plain["foreign"])
        for name, keeper in self._keepers.items():
            keeper.want(wanted[name])
        self._changed()
        return None

    def _step(self) -> None:
        """Let every component take its next step, those first that others depend on."""
        self._dirty = False
        for name, keeper in self._keepers.items():
            needed = self._job.parts[name].depends_on
            keeper.step(may_start=all(self._keepers[each].has_started for each in needed))
        if not self._settled:
            self._settled = all(keeper.is_settled or keeper.is_late for keeper in self._keepers.values())
            self._untold = self._untold or self._settled

    # State

    def _publish(self, now: float) -> None:
        """Tell what has changed; who may be sent requests at once, the rest ten times a second at most."""
        if not self._untold:
            return
        told = self._replace(self._layout.endpoints, self._endpoints())
        if now < self._next_publish:
            return
        self._next_publish = now + _PUBLISH_EVERY_S
        told &= self._replace(self._layout.state, self._state(), mode=0o600)
        if self._layout.prometheus.is_dir():
            told &= self._replace(self._layout.targets, self._targets())
        self._untold = not told

    def _replace(self, path: Path, plain: Any, *, mode: int = 0o644) -> bool:
        """Write a file if it would differ; False when it could not be written."""
        if self._published.get(path.name) == plain:
            return True
        try:
            layout.write(path, plain, mode=mode)
            self._published[path.name] = plain
        except OSError as error:  # a full disk must not end the stack; the next tick tries again
            log.warning("cannot write %s: %s", path, error)
            return False
        return True

    def _state(self) -> dict[str, Any]:
        return {
            "revision": self._revision,
            "settled": self._settled,
            "late": [replica.name for replica in self._replicas if replica.late],
            "replicas": [replica.to_plain() for replica in self._replicas],
            "next_ordinals": {name: keeper.next_ordinal for name, keeper in self._keepers.items()},
        }

    def _endpoints(self) -> dict[str, list[str]]:
        """Who may be sent requests: every replica that has become ready and runs, as a container's name
        resolves while it runs. An unready one stays: its callers are to notice by themselves."""
        found: dict[str, list[str]] = {}
        for name, keeper in self._keepers.items():
            part = self._job.parts[name]
            serving = [replica for replica in keeper.active if replica.serving]
            found[f"{name}:{part.port}"] = [f"{HOST}:{replica.port}" for replica in serving]
            for compose_port, port in part.published.items():
                if compose_port != str(part.port):
                    found[f"{name}:{compose_port}"] = [f"{HOST}:{port}"] if serving else []
        return found

    def _targets(self) -> list[dict[str, Any]]:
        """What Prometheus scrapes: every replica that is meant to run, so that `up` tells of the dead."""
        return [
            {
                "targets": [f"{HOST}:{replica.port}"],
                "labels": {self._job.target_label: name, "instance": replica.name},
            }
            for name, keeper in self._keepers.items()
            if self._job.parts[name].metrics
            for replica in keeper.active
        ]

    def _housekeep(self, now: float) -> None:
        if now < self._next_housekeeping:
            return
        self._next_housekeeping = now + _HOUSEKEEPING_EVERY_S
        self._dirty = True
        try:
            for replica in self._replicas:
                output.bound(self._layout.log(replica.name))
            output.bound(self._layout.supervisor_log)
        except OSError as error:
            log.warning("cannot bound a log: %s", error)

    # The end

    async def _shut_down(self) -> None:
        """Stop everything, users first, then whom they used; who does not go in time is killed."""
        deadline = time.monotonic() + _LAST_WAVE_S
        for wave in self._waves():
            for replica in wave:
                replica.retire(drain_s=0.0, grace_s=max(0.1, deadline - time.monotonic()))
            await self._gone(wave, _WAVE_S)
        await self._gone(self._replicas, 3.0)
        for path in self._job.cgroups:
            Group(path).remove()

    def _waves(self) -> list[list[Replica]]:
        """Components by how deep others depend on them."""
        depth: dict[str, int] = {}
        for name in reversed(self._job.order):
            users = [user for user, part in self._job.parts.items() if name in part.depends_on]
            depth[name] = 1 + max((depth[user] for user in users), default=-1)
        waves: list[list[Replica]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
        for name, keeper in self._keepers.items():
            waves[depth[name]] += [replica for replica in keeper.replicas if not replica.is_gone]
        return waves

    async def _gone(self, replicas: list[Replica], within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline and not all(replica.is_gone for replica in replicas):
            for replica in self._replicas:
                replica.tick(time.monotonic())
            await asyncio.sleep(0.01)


def main(argv: list[str]) -> None:
    """Detach from whoever started this, and supervise."""
    places = Layout(Path(argv[0]))
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o022)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    job = Job.from_plain(layout.read(places.job))
    layout.write(places.run / "supervisor.json", {"identity": str(Identity.of(os.getpid()))})
    asyncio.run(Supervisor(job).run())


if __name__ == "__main__":
    main(sys.argv[1:])
