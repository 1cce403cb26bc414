"""Flags: declared once, re-read while a service runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import shared.flags
from labctl.seal import sealed
from shared.flags import Declaration, Flags, declarations
from shared.watched import WatchedFile, unsealed

DECLARED = {
    flag.name: flag
    for flag in (
        Declaration("closed", "edge", "switch", "off", "closes"),
        Declaration("patience", "edge", "duration", "3s", "waits"),
        Declaration("share", "edge", "percent", "10%", "shares"),
        Declaration("limit", "edge", "number", "12", "limits"),
        Declaration("way", "edge", "text", "port", "leads"),
    )
}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "flags.json"


@pytest.fixture
def flags(file: Path, clock: Clock) -> Flags:
    return Flags(DECLARED, WatchedFile(file, clock=clock))


def put(file: Path, content: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(content)
    fresh.replace(file)


def test_without_a_file_defaults_stand(flags: Flags) -> None:
    """Each kind has its default, parsed, while no file exists."""
    assert not flags.on("closed")
    assert flags.seconds("patience") == 3
    assert flags.share("share") == pytest.approx(0.1)
    assert flags.whole("limit") == 12
    assert flags.text("way") == "port"


def test_a_changed_file_takes_effect_within_a_tenth_of_a_second(
    flags: Flags, file: Path, clock: Clock
) -> None:
    """A new file is noticed 100 ms after the last look, and not looked for before."""
    assert not flags.on("closed")
    put(file, json.dumps({"closed": "on"}))
    clock.now = 0.099
    assert not flags.on("closed")
    clock.now = 0.1
    assert flags.on("closed")


def test_a_removed_file_is_all_defaults_again(flags: Flags, file: Path, clock: Clock) -> None:
    """Values that were taken back are gone."""
    put(file, json.dumps({"limit": "3"}))
    assert flags.whole("limit") == 3
    file.unlink()
    clock.now = 1
    assert flags.whole("limit") == 12


def test_a_broken_file_keeps_the_last_values(flags: Flags, file: Path, clock: Clock) -> None:
    """Half-written JSON changes nothing; the next good file does."""
    put(file, json.dumps({"limit": "3"}))
    assert flags.whole("limit") == 3
    put(file, '{"limit": "4"')
    clock.now = 1
    assert flags.whole("limit") == 3
    put(file, '{"limit": "5"}')
    clock.now = 2
    assert flags.whole("limit") == 5


def test_a_value_that_its_kind_does_not_allow_leaves_the_default(flags: Flags, file: Path) -> None:
    """One wrong value does not take the others along."""
    put(file, json.dumps({"patience": "soon", "limit": "7"}))
    assert flags.seconds("patience") == 3
    assert flags.whole("limit") == 7


def test_an_undeclared_flag_is_a_programming_error(flags: Flags) -> None:
    """A misspelt name does not silently read as off."""
    with pytest.raises(KeyError):
        flags.on("clozed")


def test_every_declared_flag_has_a_valid_default() -> None:
    """The shop's own declarations parse, are named once, and say what they do."""
    for flag in declarations().values():
        flag.parse(flag.default)
        assert flag.component in ("edge", "catalog", "checkout", "worker", "bank")
        assert flag.about


def test_what_is_sealed_is_heard_while_it_runs(file: Path, tmp_path: Path, clock: Clock) -> None:
    """Beside the flags in the clear, each re-read when it changes; a broken one keeps what it said."""
    hidden = tmp_path / "third-party.sealed"
    sealed_file = WatchedFile(hidden, clock=clock, parse=unsealed)
    flags = Flags(DECLARED, WatchedFile(file, clock=clock), sealed_file)
    put(file, '{"way": "starboard"}')
    assert (flags.text("way"), flags.seconds("patience")) == ("starboard", 3)
    hidden.write_bytes(sealed({"patience": "8s"}, pad_to=4096))
    clock.now += 1
    assert (flags.text("way"), flags.seconds("patience")) == ("starboard", 8)
    hidden.write_bytes(b"nonsense")
    clock.now += 1
    assert flags.seconds("patience") == 8
    hidden.write_bytes(sealed({}, pad_to=4096))
    clock.now += 1
    assert flags.seconds("patience") == 3


def test_a_third_partys_flags_are_declared_where_it_lives() -> None:
    """Nobody else's list has them; without a file of its own a service has the shop's."""
    services = Path(shared.flags.__file__).parent.parent
    ours, theirs = services / "flags.toml", services / "bank" / "flags.toml"
    assert set(declarations([theirs])) == {"bank-delay", "bank-line", "bank-places"}
    assert not set(declarations([theirs])) & set(declarations([ours]))
    assert declarations([ours, services / "edge" / "flags.toml"]) == declarations([ours])
