"""Strict YAML: nothing is guessed, everything has a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.errors import InvalidFile
from labctl.stack.strict_yaml import did_you_mean, parse, read


def wrong(text: str) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        parse(text, "f.yaml")
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    "text",
    [
        "on",
        "off",
        "yes",
        "No",
        "True",
        "NULL",
        "1:30",
        "010",
        "0x1F",
        "1e3",
        "1_000",
        "+1",
        "2024-01-01",
        "2.4.0",
    ],
)
def test_what_other_readers_guess_at_stays_text(text: str) -> None:
    """A plain word that YAML 1.1 or 1.2 would turn into something else is text, as it was written."""
    assert parse(f"a: {text}", "f").data == {"a": text}


def test_what_is_plainly_a_value_is_one() -> None:
    """Decimal numbers, true, false and null are values; in quotes or with !!str they are text."""
    data = parse("{a: 8, b: -0.5, c: true, d: null, e: ~, f: , g: '8', h: !!str 8, 404: x}", "f").data
    assert data == {
        "a": 8, "b": -0.5, "c": True, "d": None, "e": None, "f": None, "g": "8", "h": "8", "404": "x",
    }  # fmt: skip


def test_every_duplicate_key_is_reported_at_its_second_place() -> None:
    """Two duplicate keys are two mistakes, each naming the line of the first."""
    assert wrong("a: 1\na: 2\nb: {c: 1, c: 2}\n") == [
        "f.yaml:2:1: the key 'a' is here twice; it was first on line 1",
        "f.yaml:3:11: the key 'c' is here twice; it was first on line 3",
    ]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a: !danger 3", "f.yaml:1:4:", "the tag !danger is not allowed"),
        ("&a [*a]", "f.yaml:1:1:", "has no end"),
        ("x:\n  - [1, 2", "f.yaml:2:10:", "expected"),
        ("---\na: 1\n---\nb: 2", "f.yaml:3:1:", "another document"),
        ("\ta: 1", "f.yaml:1:1:", "cannot start any token"),
        ("a: *nope", "f.yaml:1:4:", "undefined alias 'nope'"),
        ("a: &x 1\nb: &x 2", "f.yaml:2:4:", "duplicate anchor 'x'"),
        ("a: " + "[" * 99, "f.yaml:1:103:", "expected the node content"),
        ("a: \x01", "f.yaml:1:4:", "unacceptable character"),
        ("größe: \x01", "f.yaml:1:8:", "unacceptable character"),
        ("a: [\nb: ]\x01", "f.yaml:2:5:", "unacceptable character"),
        ("<<: 3", "f.yaml:1:5:", "merges mappings"),
        ("? [a]\n: b", "f.yaml:1:3:", "a key is one word"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_with_a_place(text: str, place: str, said: str) -> None:
    """Broken YAML gives file:line:column and no traceback."""
    (mistake,) = wrong(text)
    assert mistake.startswith(place)
    assert said in mistake


def test_an_unreadable_or_binary_file_is_a_mistake(tmp_path: Path) -> None:
    """A missing file and one that is not UTF-8 are reported by name."""
    with pytest.raises(InvalidFile, match=r"missing\.yaml:1:1: cannot be read"):
        read(tmp_path / "missing.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(InvalidFile, match=r"binary\.yaml:2:1: is not UTF-8"):
        read(binary)


def test_merge_keys_merge_and_what_is_beside_them_wins() -> None:
    """`<<` takes one mapping or a list, the first of a list wins, and the mapping's own keys before all."""
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: {w: 2}}\nc: {<<: [*a, *b], x: 3}\nd:\n  <<: *a\n  y: 4\n"
    data = parse(text, "f").data
    assert data["c"] == {"x": 3, "y": 1, "z": {"w": 2}}
    assert data["d"] == {"x": 1, "y": 4}


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    """Only a plain `<<` merges."""
    assert parse("'<<': {a: 1}", "f").data == {"<<": {"a": 1}}


def test_everything_knows_where_it_was_written() -> None:
    """Keys, values, list items and merged parts have the line and column of their own text."""
    document = parse("a: &a\n  x: [10,  20]\nb:\n  <<: *a\n  y: on\n", "f")
    assert document.position(("a", "x", 1)) == (2, 12)
    assert document.position(("b", "y")) == (5, 6)
    assert document.position(("b", "y"), key=True) == (5, 3)
    assert document.position(("b", "x", 0)) == (2, 7)
    assert document.position(("b", "x"), key=True) == (2, 3)


def test_a_missing_part_is_placed_at_what_lacks_it() -> None:
    """Path elements that the document does not have are passed over."""
    document = parse("a:\n  b: 1\n", "f")
    assert document.position(("a", "missing")) == (2, 3)
    assert document.position(("a", "model-name", "b")) == (2, 6)
    assert document.position() == (1, 1)
    assert str(document.mistake(("a", "b"), "is odd", "be even")) == "f:2:6: is odd (be even)"


def test_an_empty_file_is_nothing() -> None:
    """No content is None, and any place in it is its beginning."""
    assert parse("# only a comment\n", "f").data is None
    assert parse("", "f").position(("a",)) == (1, 1)


def test_did_you_mean_offers_only_what_is_near() -> None:
    """A typing mistake is recognised, another word is not."""
    assert did_you_mean("chekout", ["edge", "checkout"]) == "did you mean 'checkout'?"
    assert did_you_mean("zebra", ["edge", "checkout"]) is None
