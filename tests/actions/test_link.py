"""link: connections through wire are disturbed, and are afterwards as they were before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.actions.conftest import Do

from labctl.actions import steps
from labctl.actions.change import Role, State, changes
from labctl.actions.perform import undo
from labctl.errors import ActionRefused, FaultDidNotTake, UsageError
from labctl.lab.lab import Lab
from labctl.lab.reach import Unreachable
from wire.api import Api
from wire.proxies import Proxies

LINK = {"name": "catalog-postgres", "listen": "127.0.0.1:0", "upstream": "postgres:5432"}
EVERY_KIND: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"latency": "80ms", "jitter": "5ms"}, {"latency": 80, "jitter": 5}),
    ({"latency": "1.5s"}, {"latency": 1500, "jitter": 0}),
    ({"bandwidth": 20}, {"rate": 20}),
    ({"timeout": "0s"}, {"timeout": 0}),
    ({"reset_peer": "2s"}, {"timeout": 2000}),
    (
        {"slicer": 64, "variation": 16, "pause": "0.5ms"},
        {"average_size": 64, "size_variation": 16, "delay": 500},
    ),
    ({"slow_close": "1s"}, {"delay": 1000}),
    ({"limit_data": 4096}, {"bytes": 4096}),
]


class Wire:
    """The wire's own API with one link, asked without a network."""

    def __init__(self, runner: asyncio.Runner) -> None:
        transport = httpx.ASGITransport(Api(Proxies(lambda _: [])).app())
        self._client = httpx.AsyncClient(transport=transport, base_url="http://wire")
        self._runner = runner

    def ask(self, method: str, path: str, json: Any = None) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, json=json))

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", "/proxies/catalog-postgres").json()
        return found


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    with asyncio.Runner() as runner:
        wire = Wire(runner)
        assert wire.ask("POST", "/proxies", LINK).status_code == 201

        def request(method: str, url: str, *, json: Any = None, **_: Any) -> httpx.Response:
            return wire.ask(method, httpx.URL(url).path, json)

        monkeypatch.setattr("httpx.request", request)
        yield wire
        wire.ask("DELETE", "/proxies/catalog-postgres")


def disturb(do: Do, **parameters: Any) -> Any:
    return do("link", name="catalog-postgres", role=Role.FAULT, **parameters)


@pytest.mark.parametrize(("given", "attributes"), EVERY_KIND, ids=lambda each: next(iter(each)))
def test_each_kind_takes_effect_and_is_taken_back(
    lab: Lab, do: Do, wire: Wire, given: dict[str, Any], attributes: dict[str, Any]
) -> None:
    """What wire has is what was asked for, and then nothing."""
    before = wire.state()
    change = disturb(do, **given)
    (toxic,) = wire.state()["toxics"]
    assert (toxic["type"], toxic["attributes"]) == (next(iter(given)), attributes)
    assert (toxic["stream"], toxic["toxicity"]) == ("downstream", 1.0)
    assert (change.state, change.needs_reset) == (State.DONE, False)
    undo(lab, change)
    assert wire.state() == before


def test_a_link_goes_down_and_comes_up(lab: Lab, do: Do, wire: Wire) -> None:
    """Its port stays the same."""
    before = wire.state()
    change = disturb(do, down=True)
    assert wire.state() == {**before, "enabled": False}
    assert change.summary == "link catalog-postgres down (was up)"
    undo(lab, change)
    assert wire.state() == before


def test_undo_restores_exactly_what_was_there(lab: Lab, do: Do, wire: Wire) -> None:
    """One disturbance over another of its kind: parameters and share are those of the first again."""
    disturb(do, latency="40ms", jitter="3ms", share=0.5)
    before = wire.state()
    change = disturb(do, latency="400ms")
    assert wire.state()["toxics"][0]["toxicity"] == 1.0
    assert change.summary == "link catalog-postgres latency=400ms (was latency=40ms, jitter=3ms, share=0.5)"
    undo(lab, change)
    assert wire.state() == before


def test_kinds_and_streams_stand_side_by_side(lab: Lab, do: Do, wire: Wire) -> None:
    """Taking one back leaves the others."""
    kept = [disturb(do, latency="40ms"), disturb(do, latency="40ms", stream="upstream")]
    undo(lab, disturb(do, bandwidth=20))
    assert [each["name"] for each in wire.state()["toxics"]] == ["latency_downstream", "latency_upstream"]
    undo(lab, kept[0])
    assert [each["name"] for each in wire.state()["toxics"]] == ["latency_upstream"]


def test_null_takes_a_disturbance_away(lab: Lab, do: Do, wire: Wire) -> None:
    """And the undo of that brings it back."""
    disturb(do, latency="40ms", jitter="3ms")
    before = wire.state()
    change = disturb(do, latency=None)
    assert wire.state()["toxics"] == []
    assert change.summary == "link catalog-postgres without latency (was latency=40ms, jitter=3ms)"
    undo(lab, change)
    assert wire.state() == before


@pytest.mark.parametrize("given", [{"latency": "40ms"}, {"latency": "0.04s"}, {"down": True}])
def test_the_same_again_changes_nothing(do: Do, wire: Wire, given: dict[str, Any]) -> None:
    """Refused, however the same time is written; a link that is well can't be made well."""
    with pytest.raises(ActionRefused, match="already"):
        disturb(do, **{key: False if key == "down" else None for key in given})
    disturb(do, **({"latency": "40ms"} if "latency" in given else given))
    with pytest.raises(ActionRefused, match="already"):
        disturb(do, **given)


def test_undo_is_safe_to_repeat(lab: Lab, do: Do, wire: Wire) -> None:
    """Also of what never came into force."""
    change = disturb(do, latency="40ms")
    undo(lab, change)
    assert undo(lab, change).state is State.UNDONE


def test_a_disturbance_that_is_not_there_is_no_success(
    do: Do, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is what wire says afterwards."""
    request = httpx.request

    def deaf(method: str, url: str, **given: Any) -> httpx.Response:
        if method == "POST":
            return request("GET", "http://wire/version", **given)
        return request(method, url, **given)

    monkeypatch.setattr("httpx.request", deaf)
    with pytest.raises(FaultDidNotTake, match="should be latency=40ms, and wire says without latency"):
        disturb(do, latency="40ms")


def test_a_wire_that_refuses_is_told(do: Do, wire: Wire) -> None:
    """A link that the stack has and wire has not is its mistake, and named."""
    with pytest.raises(Unreachable, match="does not do GET /proxies/catalog-cache"):
        do("link", name="catalog-cache", latency="40ms", role=Role.FAULT)


def test_an_unknown_link_is_refused_with_the_nearest(do: Do) -> None:
    """A misspelt link would be a fault that does nothing."""
    with pytest.raises(UsageError, match="no link 'catalog-postgre'") as error:
        do("link", name="catalog-postgre", latency="40ms", role=Role.FAULT)
    assert error.value.hint == "did you mean 'catalog-postgres'?"


@pytest.mark.parametrize("role", [Role.LEARNER, Role.FIX, Role.DECOY])
def test_the_network_is_not_ours(lab: Lab, do: Do, role: Role) -> None:
    """Those who run the shop can't mend it by taking the disturbance away."""
    with pytest.raises(ActionRefused, match="wire is not ours to change"):
        do("link", name="catalog-postgres", latency=None, role=role)
    assert changes(lab.journal.read()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "link takes one of latency"),
        ({"latency": "40ms", "bandwidth": 3}, "link takes one of latency"),
        ({"bandwidth": 3, "jitter": "5ms"}, "jitter means nothing with bandwidth"),
        ({"latency": None, "jitter": "5ms"}, "jitter means nothing with latency"),
        ({"down": True, "stream": "upstream"}, "stream means nothing with down"),
        ({"down": None}, "down is true or false"),
        ({"latency": "40"}, "'40' is not a duration"),
        ({"latency": "-40ms"}, "must not be negative"),
        ({"latency": "40ms", "share": 2}, "share: .*less than or equal to 1"),
        ({"limit_data": 0}, "limit_data: .*greater than 0"),
        ({"latency": "40ms", "stream": "sideways"}, "stream: "),
    ],
)
def test_what_means_nothing_is_refused(given: dict[str, Any], said: str) -> None:
    """Before any lab is looked at."""
    with pytest.raises(UsageError, match=said):
        steps.parse({"link": {"name": "catalog-postgres", **given}})


def test_it_is_written_as_it_was_given() -> None:
    """Only what was said, null included: it is what an undo is made of."""
    for given in ({"latency": None, "stream": "upstream"}, {"down": False}, {"slicer": 9, "pause": "1ms"}):
        step = {"link": {"name": "catalog-postgres", **given}}
        assert steps.dump(steps.parse(step)) == step
