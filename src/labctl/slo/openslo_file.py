"""The OpenSLO v1 subset that `slos/` uses, as pydantic models: the shape alone, no meaning."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from labctl import clock

THRESHOLD, DEADLINE, RATE = "incident-lab/threshold", "incident-lab/deadline", "incident-lab/rate"
RATES = (6.0, 50.0)
"""From as many as the rarest of the shop's own, or nobody could judge it soon, to as many as all of them."""


def _duration(text: str) -> str:
    if clock.seconds(text) <= 0:
        raise ValueError(f"{text!r} is not a positive duration")
    return text


def rate(text: str) -> float:
    """`"6/s"` as a number; ValueError otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)/s", text)
    least, most = RATES
    if not match or not least <= float(match[1]) <= most:
        raise ValueError(f"{text!r} is not a rate from {least:g}/s to {most:g}/s")
    return float(match[1])


def _rate(text: str) -> str:
    rate(text)
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Annotations(_Part):
    """What OpenSLO has no field for."""

    threshold: Annotated[str, AfterValidator(_duration)] = Field(
        alias=THRESHOLD, description="A good answer comes within this long after it was due, such as 500ms."
    )
    deadline: Annotated[str, AfterValidator(_duration)] = Field(
        alias=DEADLINE, description="When a user gives up, such as 5s; longer than the threshold."
    )
    rate: Annotated[str, AfterValidator(_rate)] | None = Field(
        default=None,
        alias=RATE,
        description="Of an installed package's journey, which must have it: how many such visits there are at"
        " a weekday's peak, such as 6/s.",
    )


class _Metadata(_Part):
    """Whose promise it is."""

    name: str = Field(pattern=r"^[a-z][a-z-]*$", description="The journey; the file is called so too.")
    title: str = Field(alias="displayName", min_length=1, description="The journey, as people say it.")
    annotations: _Annotations = Field(description="Threshold and deadline.")


class _Query(_Part):
    query: str = Field(min_length=1, description="A PromQL selector of one counter.")


class _Source(_Part):
    type: Literal["Prometheus"] = Field(description="Where it is measured: always Prometheus.")
    spec: _Query = Field(description="The query.")


class _Metric(_Part):
    source: _Source = Field(alias="metricSource", description="What counts these requests.")


class _Ratio(_Part):
    counter: Literal[True] = Field(description="Both are counters: always true.")
    good: _Metric = Field(description="The requests whose users were well served.")
    total: _Metric = Field(description="All requests of the journey.")


class _Indicator(_Part):
    ratio: _Ratio = Field(alias="ratioMetric", description="Good requests as a share of all.")


class _Name(_Part):
    name: str = Field(description="The indicator's name, such as search-good.")


class _InlineIndicator(_Part):
    metadata: _Name = Field(description="The indicator's name.")
    spec: _Indicator = Field(description="How it is measured.")


class _Window(_Part):
    duration: Literal["30d"] = Field(description="The budget's period: always 30d.")
    rolling: Literal[True] = Field(alias="isRolling", description="Whether it moves with time: always true.")


class _Target(_Part):
    title: str = Field(alias="displayName", default="", description="The target, as people say it.")
    target: float = Field(gt=0, lt=1, strict=True, description="The share of requests that must be good.")


class _Spec(_Part):
    description: str = Field(min_length=1, description="What is promised to users, in a sentence.")
    service: str = Field(description="What the journey belongs to, such as shop.")
    indicator: _InlineIndicator = Field(description="What is measured.")
    time_window: list[_Window] = Field(
        alias="timeWindow", min_length=1, max_length=1, description="The period of the error budget; one."
    )
    budgeting: Literal["Occurrences"] = Field(
        alias="budgetingMethod", description="The budget counts requests: always Occurrences."
    )
    objectives: list[_Target] = Field(min_length=1, max_length=1, description="The target; one.")


class Slo(_Part):
    """An OpenSLO v1 file of one journey, as far as the lab reads it."""

    version: Literal["openslo/v1"] = Field(alias="apiVersion", description="Always openslo/v1.")
    kind: Literal["SLO"] = Field(description="Always SLO.")
    metadata: _Metadata = Field(description="Whose promise it is, with threshold and deadline.")
    spec: _Spec = Field(description="What is promised and how it is measured.")
