"""Where replicas listen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.discovery import Directory, Endpoint


class Names:
    """A name server and a clock that the test controls."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.answer: list[Endpoint] | None = [("10.0.0.1", 8000)]

    def clock(self) -> float:
        return self.now

    def look_up(self, _host: str, _port: int) -> list[Endpoint]:
        self.asked += 1
        if self.answer is None:
            raise OSError("no such name")
        return self.answer


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def directory(tmp_path: Path, names: Names) -> Directory:
    return Directory(tmp_path, dns=names.look_up, clock=names.clock)


def test_the_settings_file_comes_first(directory: Directory, names: Names, tmp_path: Path) -> None:
    """A name in endpoints.json is not asked of DNS, and all its replicas come back in order."""
    declared = {"checkout:8000": ["127.0.0.1:20011", "127.0.0.1:20012"]}
    (tmp_path / "endpoints.json").write_text(json.dumps(declared))
    assert directory.resolve("checkout:8000") == [("127.0.0.1", 20011), ("127.0.0.1", 20012)]
    assert names.asked == 0


def test_a_changed_settings_file_is_followed(directory: Directory, names: Names, tmp_path: Path) -> None:
    """A replaced replica is found at its new place."""
    file = tmp_path / "endpoints.json"
    file.write_text(json.dumps({"checkout:8000": ["127.0.0.1:20011"]}))
    directory.resolve("checkout:8000")
    file.write_text(json.dumps({"checkout:8000": ["127.0.0.1:20099", "127.0.0.1:20100"]}))
    names.now = 0.2
    assert directory.resolve("checkout:8000") == [("127.0.0.1", 20099), ("127.0.0.1", 20100)]


def test_a_component_without_replicas_has_none(directory: Directory, tmp_path: Path) -> None:
    """An empty list is an answer, not a reason to ask DNS."""
    (tmp_path / "endpoints.json").write_text(json.dumps({"checkout:8000": []}))
    assert directory.resolve("checkout:8000") == []


def test_an_address_is_itself(directory: Directory, names: Names) -> None:
    """A literal address needs nobody."""
    assert directory.resolve("127.0.0.1:5432") == [("127.0.0.1", 5432)]
    assert names.asked == 0


def test_dns_answers_are_kept_for_two_seconds(directory: Directory, names: Names) -> None:
    """Within two seconds DNS is asked once; then its new answer counts."""
    assert directory.resolve("catalog:8000") == [("10.0.0.1", 8000)]
    names.answer = [("10.0.0.2", 8000)]
    names.now = 1.9
    assert directory.resolve("catalog:8000") == [("10.0.0.1", 8000)]
    names.now = 2.1
    assert directory.resolve("catalog:8000") == [("10.0.0.2", 8000)]
    assert names.asked == 2


def test_the_last_answer_survives_a_dns_outage(directory: Directory, names: Names) -> None:
    """While DNS fails, what was known stays in use; a name never known is an error."""
    directory.resolve("catalog:8000")
    names.answer = None
    names.now = 5
    assert directory.resolve("catalog:8000") == [("10.0.0.1", 8000)]
    with pytest.raises(OSError, match="no such name"):
        directory.resolve("other:8000")
