"""Variables in Compose values."""

from __future__ import annotations

import pytest

from labctl.stack.interpolation import Reference, interpolate, references


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${A}", "x"),
        ("${A:-b}", "x"),
        ("${A:?why}", "x"),
        ("${NONE:-wire:6101}", "wire:6101"),
        ("${EMPTY:-b}", "b"),
        ("${EMPTY}", ""),
        ("${NONE:-}", ""),
        ("a ${A} b ${NONE:-c=1>d:2} $$ $${A}", "a x b c=1>d:2 $ ${A}"),
    ],
)
def test_references_are_replaced_as_compose_does(text: str, filled: str) -> None:
    """`:-` gives a default when missing or empty; `$$` is a dollar sign."""
    assert interpolate(text, {"A": "x", "EMPTY": ""}) == filled


@pytest.mark.parametrize(
    ("text", "why"), [("${N:?say}", "say"), ("${N:?}", "it has no value"), ("${N}", "it has no value")]
)
def test_a_variable_without_a_value_is_an_error(text: str, why: str) -> None:
    """What has neither value nor default is never silently empty."""
    with pytest.raises(KeyError) as caught:
        interpolate(text, {})
    assert caught.value.args == ("N", why)


def test_an_empty_value_does_not_satisfy_a_needed_variable() -> None:
    """`:?` refuses an empty value like a missing one."""
    with pytest.raises(KeyError):
        interpolate("${N:?}", {"N": ""})


def test_references_are_listed_with_their_default() -> None:
    """A reader of the file sees each name, default and reason."""
    assert references("${A:-b} $$ ${C:?why} ${D}") == [
        Reference("A", "b", None),
        Reference("C", None, "why"),
        Reference("D", None, None),
    ]


@pytest.mark.parametrize("text", ["$A", "${A", "${A:-${B}}", "${a b}", "100 $", "${A-b}"])
def test_a_dollar_that_begins_no_reference_is_an_error(text: str) -> None:
    """Forms that Compose or a shell would read differently are refused."""
    with pytest.raises(ValueError, match="is no variable"):
        references(text)
