"""What is measured in a lab, and what it has to be: evidence, figures, invariants, the bottleneck."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from labctl.scenario.part import Number, Part, Text


class Bounds(Part):
    """What a measured value is compared with."""

    above: Number | None = Field(default=None, description="True when the value is greater.")
    below: Number | None = Field(default=None, description="True when the value is smaller.")
    equals: Number | str | None = Field(default=None, description="True when the value is the same.")

    def accepts(self, value: float | str) -> bool:
        """Whether a measured value is as the bounds say; text is only ever equal or not."""
        if self.equals is not None:
            return _same(value, self.equals)
        if isinstance(value, str):
            return False
        over = self.above is None or value > self.above
        return over and (self.below is None or value < self.below)

    def required(self) -> str:
        """`above 1 and below 5`, `equal to 0`."""
        if self.equals is not None:
            return f"equal to {self.equals}"
        pairs = (("above", self.above), ("below", self.below))
        return " and ".join(f"{word} {bound:g}" for word, bound in pairs if bound is not None)

    @model_validator(mode="after")
    def _compares_with_something(self) -> Bounds:
        ordered = self.above is not None or self.below is not None
        if ordered == (self.equals is not None):
            raise ValueError("write above or below (or both), or equals")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"nothing is above {self.above:g} and below {self.below:g}")
        return self


def _same(value: float | str, wanted: float | str) -> bool:
    try:
        return float(value) == float(wanted)
    except ValueError:
        return str(value) == str(wanted)


Database = Literal["shop", "reporting"]


class Invariant(Part):
    """Something about the data that no mitigation may break."""

    say: Text = Field(description="What is promised, such as: no paid order without a charge.")
    sql: Text = Field(description="A query for one value.")
    database: Database = Field(default="shop", description="Where it runs.")
    equals: Number | str = Field(description="The value that it must give.")


class Asked(Part):
    """One value that Prometheus or Postgres gives, and what it tells."""

    noun: ClassVar[str]

    say: Text = Field(description="What it shows, in a sentence.")
    query: Text | None = Field(default=None, description="PromQL for one value.")
    sql: Text | None = Field(default=None, description="Or SQL for one value.")
    database: Database = Field(default="shop", description="Where the SQL runs.")

    @model_validator(mode="after")
    def _asks_once(self) -> Asked:
        if (self.query is None) == (self.sql is None):
            raise ValueError("write either query (PromQL) or sql")
        return self

    @property
    def question(self) -> str:
        """How to ask for it, in PromQL or SQL."""
        return self.query or self.sql or ""


class Evidence(Asked, Bounds):
    """A fact that tells this incident from its siblings: true here when red, false in at least one."""

    noun = "evidence"

    shared: Text | None = Field(
        default=None,
        description="Why it is true in the siblings too, where it is a symptom that they have in common.",
    )


class Figure(Asked):
    """A number of the story, as whoever looks for it measures it while the incident lasts."""

    noun = "figure"

    about: Annotated[Number, Field(gt=0)] = Field(
        description="The number, in the unit of the query; a fifth more or less is still it."
    )

    @property
    def tolerance(self) -> float:
        """How far, in its own unit, what is measured may be from what is told."""
        return 0.2 * self.about

    def accepts(self, value: float | str) -> bool:
        """Whether a measured value is the number that is told."""
        return not isinstance(value, str) and abs(value - self.about) <= self.tolerance

    def required(self) -> str:
        """`0.19 to 0.29, told as about 0.24`."""
        low, high = self.about - self.tolerance, self.about + self.tolerance
        return f"{low:.3g} to {high:.3g}, told as about {self.about:g}"


class Bottleneck(Part):
    """What the fault overloads. Its utilisation ρ is arrivals × time each is held ÷ capacity."""

    say: Text = Field(description="What is overloaded, such as: connections of checkout.")
    rho: Text = Field(
        description="PromQL for one value: at most 0.5 healthy, at least 1.3 at fault, at most 0.6 fixed."
    )
