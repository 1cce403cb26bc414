"""Link: disturb a connection that runs through `wire`, cut it, or make it whole again.

One action is about one kind of disturbance on one stream of one link; `latency: null` takes it away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from labctl.actions.base import Action, Plan, action
from labctl.actions.times import Time
from labctl.clock import seconds
from labctl.errors import ActionRefused, FaultDidNotTake, UsageError
from labctl.lab.links import ask_wire
from labctl.stack.strict_yaml import did_you_mean

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack

_DOWN = "down"
_ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "latency": {"latency": "latency", "jitter": "jitter"},
    "bandwidth": {"bandwidth": "rate"},
    "timeout": {"timeout": "timeout"},
    "reset_peer": {"reset_peer": "timeout"},
    "slicer": {"slicer": "average_size", "variation": "size_variation", "pause": "delay"},
    "slow_close": {"slow_close": "delay"},
    "limit_data": {"limit_data": "bytes"},
}
"""By kind: its parameters here, and what wire calls each."""
_UNITS_S = dict.fromkeys(("latency", "jitter", "timeout", "reset_peer", "slow_close"), 1e-3) | {"pause": 1e-6}
"""The parameters that are times, and the unit in which wire counts them."""

_USUAL = {"jitter": "0ms", "variation": 0, "pause": "0ms", "share": 1.0}

Parameters = dict[str, Any]


Size = Annotated[int, Field(gt=0)]


@action("link", "Disturb a connection between two components, cut it, or make it whole again.")
class Link(Action):
    link: str = Field(alias="name", description="A link, as x-lab.links in docker-compose.yml names it.")
    latency: Time | None = Field(None, description="How much later bytes arrive, such as 80ms.")
    jitter: Time | None = Field(None, description="By how much the latency varies, either way.")
    bandwidth: Annotated[int, Field(ge=0)] | None = Field(None, description="KB/s; 0 lets nothing through.")
    timeout: Time | None = Field(None, description="Nothing arrives, and it closes then; 0s never closes.")
    reset_peer: Time | None = Field(None, description="A connection is reset so long after its first bytes.")
    slicer: Size | None = Field(None, description="Bytes come in pieces of about this size.")
    variation: Annotated[int, Field(ge=0)] | None = Field(None, description="By how much pieces differ.")
    pause: Time | None = Field(None, description="Between two pieces, such as 1ms.")
    slow_close: Time | None = Field(None, description="How much later the end of a connection arrives.")
    limit_data: Size | None = Field(None, description="Bytes after which a connection is closed.")
    down: bool | None = Field(None, description="true refuses every connection; false lets them in again.")
    stream: Literal["upstream", "downstream"] = Field(
        "downstream", description="What the link's user sends, or what it gets."
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Of the connections, at random.")

    @model_validator(mode="after")
    def _one_kind(self) -> Link:
        kinds = [kind for kind in (*_ATTRIBUTES, _DOWN) if kind in self.model_fields_set]
        if len(kinds) != 1:
            raise ValueError(f"link takes one of {', '.join((*_ATTRIBUTES, _DOWN))}")
        mine = {"link", kinds[0]}
        if self.down is None:
            if kinds[0] == _DOWN:
                raise ValueError("down is true or false")
            mine |= {"stream"}
            if getattr(self, kinds[0]) is not None:
                mine |= {*_ATTRIBUTES[kinds[0]], "share"}
        foreign = sorted(self.model_fields_set - mine)
        if foreign:
            raise ValueError(f"{', '.join(foreign)} means nothing with {kinds[0]} as it is given")
        return self

    @property
    def concerns(self) -> str | None:
        return "wire"

    @property
    def told(self) -> bool:
        return False

    @property
    def _kind(self) -> str:
        return next(kind for kind in (*_ATTRIBUTES, _DOWN) if kind in self.model_fields_set)

    def check(self, stack: Stack) -> None:
        if self.link not in stack.links:
            nearest = did_you_mean(self.link, stack.links) or f"there are {', '.join(sorted(stack.links))}"
            raise UsageError(f"there is no link {self.link!r}", hint=nearest)

    def plan(self, lab: Lab) -> Plan:
        self.check(lab.stack)
        was = self._seen(lab)
        if was == self._wanted():
            raise self._nothing_to_do()
        return Plan(
            summary=f"link {self.link} {_said(self._wanted())} (was {_said(was)})",
            component=self.concerns,
            undo=({"link": {"name": self.link, **self._of_stream(), **was}},),
        )

    def apply(self, lab: Lab) -> None:
        """Existing connections feel it at once, as new ones do; disabling the link cuts them."""
        was, proxy = self._seen(lab), f"/proxies/{self.link}"
        if was == self._wanted():
            raise self._nothing_to_do()
        if self._kind == _DOWN:
            ask_wire(lab, "POST", proxy, {"enabled": not self.down})
        elif self._wanted()[self._kind] is None:
            ask_wire(lab, "DELETE", f"{proxy}/toxics/{self._toxic}")
        elif was[self._kind] is None:
            ask_wire(lab, "POST", f"{proxy}/toxics", self._plain())
        else:
            ask_wire(lab, "POST", f"{proxy}/toxics/{self._toxic}", self._plain())

    def verify(self, lab: Lab) -> None:
        seen = self._seen(lab)
        if seen != self._wanted():
            raise FaultDidNotTake(
                f"link {self.link} should be {_said(self._wanted())}, and wire says {_said(seen)}"
            )

    def step(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: self.model_dump(mode="json", by_alias=True, exclude_unset=True)}

    @property
    def _toxic(self) -> str:
        """Its name in wire, which is Toxiproxy's own default."""
        return f"{self._kind}_{self.stream}"

    def _of_stream(self) -> Parameters:
        return {} if self._kind == _DOWN else {"stream": self.stream}

    def _wanted(self) -> Parameters:
        """The parameters of this kind in full, each time in milliseconds."""
        if self._kind == _DOWN:
            return {_DOWN: self.down}
        return _parameters(self._kind, None if getattr(self, self._kind) is None else self._plain())

    def _seen(self, lab: Lab) -> Parameters:
        """The same as wire has it now."""
        proxy = ask_wire(lab, "GET", f"/proxies/{self.link}")
        if self._kind == _DOWN:
            return {_DOWN: not proxy["enabled"]}
        mine = [each for each in proxy["toxics"] if each["name"] == self._toxic]
        return _parameters(self._kind, mine[0] if mine else None)

    def _plain(self) -> Parameters:
        """The toxic in words of the API."""
        attributes = {
            theirs: _number(ours, getattr(self, ours)) for ours, theirs in _ATTRIBUTES[self._kind].items()
        }
        return {
            "name": self._toxic,
            "type": self._kind,
            "stream": self.stream,
            "toxicity": self.share,
            "attributes": attributes,
        }

    def _nothing_to_do(self) -> ActionRefused:
        return ActionRefused(f"link {self.link} is {_said(self._wanted())} already")


def _parameters(kind: str, toxic: Mapping[str, Any] | None) -> Parameters:
    """A toxic of the API in words of this action; None is a link that is not disturbed in this way."""
    if toxic is None:
        return {kind: None}
    given = toxic["attributes"]
    found = {ours: _text(ours, given[theirs]) for ours, theirs in _ATTRIBUTES[kind].items()}
    return {**found, "share": float(toxic["toxicity"])}


def _number(parameter: str, value: Any) -> int:
    if value is None:
        return 0
    unit_s = _UNITS_S.get(parameter)
    return int(value) if unit_s is None else round(seconds(value) / unit_s)


def _text(parameter: str, number: int) -> Any:
    unit_s = _UNITS_S.get(parameter)
    return number if unit_s is None else f"{round(number * unit_s * 1000, 3):.10g}ms"


def _said(parameters: Parameters) -> str:
    kind = next(iter(parameters))
    if kind == _DOWN:
        return "down" if parameters[kind] else "up"
    if parameters[kind] is None:
        return f"without {kind}"
    return ", ".join(f"{key}={value}" for key, value in parameters.items() if value != _USUAL.get(key))
