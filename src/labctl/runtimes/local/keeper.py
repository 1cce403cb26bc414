"""Keeps one component as it is wanted: compares, takes the next step, never waits."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from labctl.runtimes.base import State
from labctl.runtimes.local.history import History
from labctl.runtimes.local.job import Job, Part
from labctl.runtimes.local.layout import Layout
from labctl.runtimes.local.replica import Edition, Replica
from labctl.stack.wanted import Want

_LOGS_KEPT = 8  # of replicas that are gone, per component
_ORDER_TO_GO = {state: rank for rank, state in enumerate([State.BACKOFF, State.STARTING, State.UNREADY])}


class Keeper:
    """`step` may be called at any time; what it finds done it leaves alone.

    Replicas of another edition are replaced new before old, but a single one in place. A replica that
    does not become ready is kept trying, beside the old one, until something else is wanted.
    """

    def __init__(
        self,
        part: Part,
        job: Job,
        history: History,
        *,
        next_port: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self.part = part
        self.replicas: list[Replica] = []
        self.next_ordinal = 1  # names are never used again in one lab
        self._job = job
        self._history = history
        self._next_port = next_port
        self._changed = changed
        self._want: Want | None = None

    def want(self, want: Want) -> None:
        self._want = want

    def step(self, *, may_start: bool) -> None:
        """The next step towards what is wanted, if there is one.

        `may_start`: what this depends on serves, so that something started now finds it.
        """
        if self._want is None:
            return
        for replica in [replica for replica in self.replicas if replica.is_gone]:
            self.replicas.remove(replica)
            self._clear_after(replica)
        for replica in self.active:
            self._adjust(replica, self._want, may_start=may_start)
        current = [replica for replica in self.active if replica.edition == self._edition(self._want)]
        old = [replica for replica in self.active if replica not in current]
        self._retire(current, old, self._want.replicas)
        for _ in range(self._want.replicas - len(current)):
            if may_start and not (
                self.part.is_single and self.replicas
            ):  # its port and data are not free yet
                self._add(self._want)

    @property
    def active(self) -> list[Replica]:
        return [replica for replica in self.replicas if not replica.retiring]

    @property
    def is_settled(self) -> bool:
        """Everything that was wanted has come true, whatever has happened to it since."""
        want = self._want
        if want is None:
            return False
        return len(self.replicas) == want.replicas and all(
            replica.arrived
            and replica.edition == self._edition(want)
            and replica.limits == want.limits
            and (replica.restarts_done, replica.data) == (want.restarts, want.data)
            for replica in self.replicas
        )

    @property
    def is_late(self) -> bool:
        return any(replica.late for replica in self.active)

    @property
    def has_started(self) -> bool:
        """Whether what depends on it may start: it serves since the last change, or will not in time.

        One that has crashed counts as started: nobody waits for what is not our doing.
        """
        if self._want is not None and self._want.replicas == 0:
            return True
        return any(replica.arrived for replica in self.replicas) or self.is_late

    def _adjust(self, replica: Replica, want: Want, *, may_start: bool) -> None:
        """What changes in place."""
        if replica.limits != want.limits:
            replica.limit(want.limits)
        moved = replica.edition != self._edition(want) and self.part.is_single
        bumped = replica.restarts_done != want.restarts or replica.data != want.data
        if may_start and (moved or bumped):
            edition = self._edition(want) if self.part.is_single else replica.edition
            replica.restart(edition=edition, restarts=want.restarts, data=want.data)

    def _retire(self, current: list[Replica], old: list[Replica], wanted: int) -> None:
        """Old ones go as new ones serve; of too many, the sick and the newest go first."""
        serving = sum(replica.serving for replica in current)
        keep_old = max(0, wanted - serving)
        surplus = sorted(current, key=_worth)[: max(0, len(current) - wanted)]
        for replica in [*sorted(old, key=_worth)[: max(0, len(old) - keep_old)], *surplus]:
            replica.retire(drain_s=self._job.drain_s)

    def _clear_after(self, replica: Replica) -> None:
        """Its code goes with it; what it printed is kept for a while, for who looks into what happened."""
        places = Layout(self._job.folder)
        shutil.rmtree(places.trees / replica.name, ignore_errors=True)
        for old in range(1, replica.number - _LOGS_KEPT):
            for log in places.logs.glob(f"{self.part.name}-{old}.log*"):
                log.unlink()

    def _add(self, want: Want) -> None:
        ordinal = 1 if self.part.is_single else self.next_ordinal
        self.next_ordinal = ordinal + 1
        replica = Replica(
            name=f"{self.part.name}-{ordinal}",
            part=self.part,
            job=self._job,
            port=self.part.port_of(self.part.port) or self._next_port(),
            edition=self._edition(want),
            limits=want.limits,
            history=self._history,
            changed=self._changed,
            restarts_done=want.restarts,
            data=want.data,
        )
        self.replicas.append(replica)
        replica.begin()
        self._changed()

    @staticmethod
    def _edition(want: Want) -> Edition:
        return Edition(want.release, dict(want.environment))


def _worth(replica: Replica) -> tuple[int, int]:
    """Sorts those that are missed least to the front."""
    return _ORDER_TO_GO.get(replica.state, len(_ORDER_TO_GO)), -replica.number
