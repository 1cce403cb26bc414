"""What people say and read: hints, those who wait for news, and the debrief."""

from __future__ import annotations

from pydantic import Field

from labctl.scenario.part import Part, Text
from labctl.scenario.steps import Duration


class Hint(Part):
    """One step of help; they are given in order."""

    text: Text = Field(description="What the learner reads.")
    cost: int = Field(ge=0, le=100, description="Points that it costs, shown first.")


class Voice(Part):
    """Somebody who waits for news, and asks during the incident."""

    who: Text = Field(description="Who asks, by their part: support, the head of the shop.")
    says: Text = Field(description="What they ask; nothing that tells the cause.")
    after: Duration = Field(description="How long after the page, such as 90s.")


class Question(Part):
    """Something to think about afterwards."""

    ask: Text = Field(description="The question.")
    answer: Text = Field(description="The answer, as a senior engineer would give it.")


class Debrief(Part):
    """What the learner reads afterwards."""

    about: Text = Field(description="What really happened, and how.")
    contributing_factors: tuple[Text, ...] = Field(
        min_length=1, description="Everything without which it would not have happened; never one root cause."
    )
    fix_for_good: tuple[Text, ...] = Field(
        min_length=1, description="What would keep it from happening again."
    )
    questions: tuple[Question, ...] = Field(default=(), description="Questions with their answers.")
