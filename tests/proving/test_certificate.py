"""The certificate: all that was measured, for machines and in one page that fetches nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from labctl import recording
from labctl.proof import Check, Conditions, Grade, Proof
from labctl.proving.certificate import Certificate, Provenance, index
from labctl.proving.flakes import Flake
from labctl.proving.plan import plan
from labctl.proving.run import Run
from tests.engine import world
from tests.engine.world import scenario

PARTS = {"labctl": "0.1.0", "python": "3.11.9", "postgres": "15.13", "prometheus": "2.42.0"}
WHERE = Provenance("2024-05-14T03:17:00+00:00", "Linux", 2, 4000, PARTS, "c0ffee" * 6, True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Of a whole proof in a world of its own, with a sentence that would like to be markup."""
    with pytest.MonkeyPatch.context() as patch:
        lab = world.build(tmp_path_factory.mktemp("world"), patch)
        (task,) = plan([scenario()])
        run = Run([task], clock=lab.clock, recordings=True)
        run.work(lab)
        (proof,) = run.proofs()
    proof.checks.append(Check("siblings", "x", Grade.FAILED, "<script>alert(1)</script>"))
    flake = Flake("pool-shrunk", "fix", "roll back", (1, "passed, held"), (2, "failed, held 3 s"))
    return Certificate(task.scenario, proof, run.attempted(task), WHERE, [flake])


class Page(HTMLParser):
    """Tags, and everything that a browser would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(given["href"])
        elif tag not in ("use", "svg"):
            self.fetched += [given[name] for name in ("src", "href", "data") if name in given]


def test_the_page_holds_everything_and_fetches_nothing(made: Certificate) -> None:
    """A chart per attempt; no script, no picture, no style from elsewhere."""
    text = made.html()
    page = Page(text)
    assert page.fetched == []
    assert "script" not in page.tags
    assert "&lt;script&gt;" in text
    assert page.tags.count("svg") == 2
    assert not re.search(r"url\((?!#)|@import", text)
    for check in made.proof.checks[:5]:
        assert check.name in text
    assert "commit c0ffeec0ffee, with changes on top" in text
    assert "differs between repeats" in text


def test_what_is_written_can_be_read_again(made: Certificate, tmp_path: Path) -> None:
    """JSON with every check; recordings in a drill's own form, small; links lead to files."""
    page = made.write(tmp_path)
    plain = json.loads((page.parent / "certificate.json").read_text())
    assert plain["certificate"] == 1
    assert plain["provenance"]["commit"] == WHERE.commit
    assert len(plain["proof"]["checks"]) == len(made.proof.checks)
    assert {"outcome", "margin", "said", "thin"} <= set(plain["proof"]["checks"][0])
    for name in plain["recordings"].values():
        assert recording.load(page.parent / name).seconds
        assert (page.parent / name).stat().st_size < 200_000
    assert all((page.parent / link).is_file() for link in Page(page.read_text()).links)


def test_repeats_have_folders_of_their_own(made: Certificate) -> None:
    """And the index leads to each."""
    again = Proof("pool-shrunk", "local", run=2)
    again.conditions = [Conditions("decoys", 0.2, 2, 3.0, 0, 10)]
    second = Certificate(made.scenario, again, [], WHERE)
    assert (made.folder, second.folder) == ("pool-shrunk", "pool-shrunk-run-2")
    links = Page(index([made, second])).links
    assert links == ["pool-shrunk/certificate.html", "pool-shrunk-run-2/certificate.html"]


def test_it_names_what_the_proof_ran_on(made: Certificate, tmp_path: Path) -> None:
    """labctl, Python and each part with its version: on the page, and for machines."""
    page = made.write(tmp_path)
    assert json.loads((page.parent / "certificate.json").read_text())["provenance"]["versions"] == PARTS
    text = page.read_text()
    for part, version in PARTS.items():
        assert f"{part} {version}" in text
    here = Provenance.here(0.0, {"postgres": "15.13"})
    assert list(here.versions) == ["labctl", "python", "postgres"]
