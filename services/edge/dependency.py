"""One dependency of the edge: balancing, timeout, retries, breaker and limit around its calls."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import Counter, Gauge

from edge.replicas import Replicas
from edge.retries import RetryBudget
from shared import discovery
from shared.breaker import Breaker, Limits, State
from shared.client import Answer, CallFailed, HttpClient, TimedOut
from shared.discovery import Endpoint
from shared.errors import Unavailable
from shared.flags import flags
from shared.logs import Log
from shared.metrics import Timed

_LOG = Log("dependency")
_CALLS = Timed("dependency_request_duration_seconds", "Calls to a dependency, one per attempt", "dependency")
_FAILURES = Counter("dependency_failures", "Calls without a good answer", ("dependency", "reason"))
_RETRIES = Counter("dependency_retries", "Further attempts", ("dependency",))
_BREAKER_OPEN = Gauge("dependency_breaker_open", "1 while the breaker refuses calls", ("dependency",))
_REPLICAS_OUT = Gauge("dependency_replicas_out", "Replicas that get no calls", ("dependency",))
_REASONS = ("timeout", "connection", "status", "breaker", "limit")


@dataclass(frozen=True)
class Call:
    """What to ask of a dependency, and how safely it may be asked again."""

    method: str
    path: str
    timeout_s: float
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = True  # may be sent again after any failure
    keyed: bool = False  # has an idempotency key: may be sent again when the connection broke


class Dependency:
    """Calls one component by its discovery name (`checkout:8000`)."""

    def __init__(self, name: str, address: str, client: HttpClient) -> None:
        self.name = name
        self.replicas = Replicas(lambda: discovery.resolve(address), time.monotonic)
        self._client = client
        self._breaker = Breaker(time.monotonic)
        self._budget = RetryBudget()
        self._in_flight = 0
        _CALLS.declare(name)
        _RETRIES.labels(name)
        for reason in _REASONS:
            _FAILURES.labels(name, reason)
        _BREAKER_OPEN.labels(name).set_function(lambda: self._breaker.state(_breaker_limits()) == State.OPEN)
        _REPLICAS_OUT.labels(name).set_function(
            lambda: self.replicas.out(probe_failures=flags.whole("edge-health-failures"))
        )

    async def call(self, call: Call) -> Answer:
        """The answer of a replica, whatever its status; Unavailable when none could be had."""
        if self._in_flight >= flags.number(f"edge-{self.name}-limit"):
            raise self._refused("limit", f"{self.name} has too many calls in flight")
        self._in_flight += 1
        try:
            return await self._with_retries(call)
        finally:
            self._in_flight -= 1

    async def _with_retries(self, call: Call) -> Answer:
        budget_share = flags.share("edge-retry-budget")
        self._budget.earn(budget_share)
        tried: set[Endpoint] = set()
        retried = 0
        while True:
            endpoint = self._pick(tried)
            failure: CallFailed | None = None
            answer: Answer | None = None
            try:
                answer = await self._attempt(endpoint, call)
            except CallFailed as error:
                failure = error
            if answer is not None and answer.status < 502:
                return answer
            tried.add(endpoint)
            if failure is not None and not failure.reached and self._others(tried):
                continue  # it was never sent: asking the next replica is no retry
            may_retry = retried < flags.whole("edge-retries") and _repeatable(call, failure)
            if not (may_retry and self._budget.spend(budget_share)):
                if answer is not None:
                    return answer
                raise Unavailable(f"{self.name} did not answer") from failure
            retried += 1
            _RETRIES.labels(self.name).inc()
            tried = tried if self._others(tried) else set()
            backoff_s = flags.seconds("edge-retry-backoff") * 2 ** (retried - 1)
            await asyncio.sleep(backoff_s * random.uniform(0.5, 1.5))  # noqa: S311 (jitter)

    async def _attempt(self, endpoint: Endpoint, call: Call) -> Answer:
        guarded, limits = flags.on("edge-breaker"), _breaker_limits()
        if guarded and not self._breaker.allows(limits):
            raise self._refused("breaker", f"{self.name} fails too often, not called for now")
        host, port = endpoint
        began = time.monotonic()
        well = False
        try:
            answer = await self._client.call(
                call.method,
                f"http://{host}:{port}{call.path}",
                timeout_s=call.timeout_s,
                body=call.body,
                headers=call.headers,
                dependency=self.name,
            )
            well = answer.status < 500
            if not well:
                self._failed("status", endpoint, f"status {answer.status}")
            # 503 says busy, which is no reason to take the replica out
            self._judge(endpoint, well=answer.status in (503, 504) or well)
        except CallFailed as error:
            self._failed("timeout" if isinstance(error, TimedOut) else "connection", endpoint, str(error))
            self._judge(endpoint, well=False)
            raise
        else:
            return answer
        finally:
            seconds = time.monotonic() - began
            _CALLS.observe(self.name, seconds, ok=well)
            if guarded:
                self._breaker.record(limits, ok=well, seconds=seconds)

    def _pick(self, tried: set[Endpoint]) -> Endpoint:
        try:
            endpoint = self.replicas.pick(tried=tried, probe_failures=flags.whole("edge-health-failures"))
        except OSError as error:
            raise self._refused("connection", f"nobody knows where {self.name} is: {error}") from error
        if endpoint is None:
            raise self._refused("connection", f"{self.name} has no replica")
        return endpoint

    def _others(self, tried: set[Endpoint]) -> bool:
        return any(endpoint not in tried for endpoint in self.replicas.known())

    def _judge(self, endpoint: Endpoint, *, well: bool) -> None:
        out = self.replicas.answered(
            endpoint,
            well=well,
            eject_after=flags.whole("edge-eject-after"),
            eject_for_s=flags.seconds("edge-eject-for"),
        )
        if out:
            _LOG.warning("replica is out", dependency=self.name, replica_address=_text(endpoint))

    def _failed(self, reason: str, endpoint: Endpoint, error: str) -> None:
        _FAILURES.labels(self.name, reason).inc()
        _LOG.error("dependency failed", dependency=self.name, replica_address=_text(endpoint), error=error)

    def _refused(self, reason: str, message: str) -> Unavailable:
        _FAILURES.labels(self.name, reason).inc()
        _LOG.error("dependency not called", dependency=self.name, error=message)
        return Unavailable(message)


def _repeatable(call: Call, failure: CallFailed | None) -> bool:
    if isinstance(failure, TimedOut):
        return call.idempotent and flags.on("edge-retry-timeouts")
    return call.idempotent or (call.keyed and failure is not None)


def _breaker_limits() -> Limits:
    return Limits(
        bad_share=flags.share("edge-breaker-share"),
        least_calls=flags.whole("edge-breaker-calls"),
        open_s=flags.seconds("edge-breaker-open"),
        slow_s=flags.seconds("edge-breaker-slow") or float("inf"),
    )


def _text(endpoint: Endpoint) -> str:
    return f"{endpoint[0]}:{endpoint[1]}"
