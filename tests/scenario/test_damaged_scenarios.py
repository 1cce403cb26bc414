"""Damaged files: whatever happened to a scenario, its author gets positions and never a traceback.

2,000 of them go through the command line's own door. Most are damaged copies of a small scenario, so that it
takes seconds; one in fifty is a copy of one that ships.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from tests.scenario.samples import SMALL

from labctl import assets
from labctl.cli import main

COPIES = 2000
LONG_ONE_IN = 50
Damage = Callable[[bytes, Random], bytes]
ODD = [
    "null",
    "[]",
    "{}",
    "-1",
    "1e9",
    "''",
    "on",
    "0x10",
    "[[]]",
    "{a: b}",
    "true",
    "&x",
    "*x",
    "!t v",
    "2024-01-01",
]


def flip(text: bytes, random: Random) -> bytes:
    at = random.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << random.randrange(8))]) + text[at + 1 :]


def drop_lines(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    first = random.randrange(len(lines))
    return b"".join(lines[:first] + lines[first + random.randint(1, 5) :])


def retype(text: bytes, random: Random) -> bytes:
    """Another value, of another type, for one key."""
    lines = text.splitlines(keepends=True)
    at = random.choice([n for n, line in enumerate(lines) if b": " in line])
    key = lines[at].partition(b": ")[0]
    lines[at] = key + b": " + random.choice(ODD).encode() + b"\n"
    return b"".join(lines)


def swap(text: bytes, random: Random) -> bytes:
    """Two values change places."""
    lines = text.splitlines(keepends=True)
    one, other = random.sample([n for n, line in enumerate(lines) if b": " in line], 2)
    (key, _, value), (other_key, _, other_value) = (lines[n].partition(b": ") for n in (one, other))
    lines[one], lines[other] = key + b": " + other_value, other_key + b": " + value
    return b"".join(lines)


def indent(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    at = random.randrange(len(lines))
    lines[at] = b" " * random.randint(1, 3) + lines[at]
    return b"".join(lines)


def cut(text: bytes, random: Random) -> bytes:
    return text[: random.randrange(len(text))]


def repeat(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    at = random.randrange(len(lines))
    return b"".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


DAMAGES: list[Damage] = [flip, drop_lines, retype, swap, indent, cut, repeat]


@pytest.mark.parametrize("damage", DAMAGES, ids=[each.__name__ for each in DAMAGES])
def test_a_damaged_copy_is_fine_or_has_positions(
    damage: Damage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0, or exit 2 and mistakes that name the file, a line that it has, and a column; nothing else."""
    long = assets.path("scenarios", "pool-shrunk.yaml").read_bytes()
    path = tmp_path / "damaged.yaml"
    said = re.compile(rf"{re.escape(str(path))}:(\d+):(\d+): .+")
    invalid = 0
    for seed in range(COPIES // len(DAMAGES) + 1):
        whole = SMALL.encode() if seed % LONG_ONE_IN else long
        path.write_bytes(damage(whole, Random(seed)))  # noqa: S311
        lines = path.read_bytes().count(b"\n") + 1
        code = main.run(["lint", str(path)])
        err = capsys.readouterr().err
        assert code in (0, 2), f"seed {seed}: exit {code}\n{err}"
        places = [(int(found[1]), int(found[2])) for found in map(said.fullmatch, err.splitlines()) if found]
        if code == 2:
            invalid += 1
            assert places, f"seed {seed}: invalid, and no word where\n{err}"
        for line, column in places:
            assert 1 <= line <= lines + 1, f"seed {seed}: {err}"
            assert column >= 1, f"seed {seed}: {err}"
    assert invalid > 20, f"{damage.__name__} hardly damages anything, so that this test shows nothing"
