"""Sealed things: whole again for whoever should know, not readable in passing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.seal import sealed, unsealed
from shared import watched

PLAIN = {"scenario": "slow-bank", "step": {"flag": {"name": "bank-delay", "value": "7800ms"}}}


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none() | st.booleans()))
def test_what_was_sealed_comes_back(plain: dict[str, object]) -> None:
    """Any JSON object, in labctl and in the services alike, padded or not."""
    assert unsealed(sealed(plain)) == plain
    assert watched.unsealed(sealed(plain, pad_to=4096)) == plain


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz-", min_size=6, max_size=40))
def test_no_word_of_it_can_be_read(word: str) -> None:
    """However short the text: nothing for grep or strings."""
    assert word.encode() not in sealed({"scenario": word})
    assert b"scenario" not in sealed({"scenario": word})


def test_its_length_and_bytes_say_nothing() -> None:
    """A third party that is told something looks like one that is told nothing, and like itself never."""
    nothing, something = sealed({}, pad_to=4096), sealed(PLAIN, pad_to=4096)
    assert len(nothing) == len(something) == 4096
    assert sealed({}, pad_to=4096) != nothing


@pytest.mark.parametrize("data", [b"", b"{}", b'{"bank-delay": "1s"}', b"\x78\x01"])
def test_what_was_not_sealed_is_a_value_error(data: bytes) -> None:
    """In the clear, cut short, or empty: said, never guessed at."""
    with pytest.raises(ValueError, match=r"."):
        unsealed(data)
    with pytest.raises(ValueError, match=r"."):
        watched.unsealed(data)
