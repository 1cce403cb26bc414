"""What a lab is told of installed journeys: once, by every runtime, and for services to read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labctl.errors import UsageError
from labctl.lab.lab import SECRETS
from labctl.runtimes import journeys
from labctl.runtimes.base import Site
from labctl.runtimes.docker import settings as docker_settings
from labctl.runtimes.docker.places import Places
from labctl.runtimes.fake import FakeRuntime
from labctl.runtimes.local import settings as local_settings
from labctl.runtimes.local.fixed import fixed_ports
from labctl.runtimes.local.job import parts
from labctl.runtimes.local.layout import Layout
from labctl.stack.compose import baseline, load_stack
from tests.packages import VISIT, bring, write
from tests.runtimes import tiny

TOLD = {"wish-list": {"threshold_s": 0.5, "deadline_s": 5.0, "rate": 6.0}}


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one journey, installed; its folder."""
    return bring(tmp_path / "site", monkeypatch, "wish-list")


def render(kind: str, folder: Path) -> Path:
    """A new lab's settings folder as a runtime makes it."""
    stack = load_stack()
    if kind == "docker":
        containers = Places(folder)
        containers.make()
        docker_settings.render(stack, containers, baseline(stack))
    elif kind == "local":
        processes = Layout(folder)
        processes.make()
        site = Site("lab", "1d", folder, folder, dict.fromkeys(SECRETS, "s3cret"))
        local_settings.render(stack, processes, parts(stack, site, fixed_ports(stack, 20_000)))
    else:
        site = Site("lab", "1d", folder, folder, {})
        FakeRuntime(stack, site).apply(baseline(stack))
    return folder / "settings"


@pytest.mark.parametrize("kind", ["docker", "local", "fake"])
def test_every_runtime_tells_services_of_installed_journeys(kind: str, pack: Path, tmp_path: Path) -> None:
    """Promise, rate and code, for users of their own to read; where there are rules, its alert is in them."""
    settings = render(kind, tmp_path / "lab")
    assert json.loads((settings / "journeys.json").read_text()) == TOLD
    code = settings / "journeys" / "wish-list.py"
    assert code.read_text() == VISIT
    modes = [path.stat().st_mode & 0o777 for path in (settings / "journeys.json", code, code.parent)]
    assert modes == [0o644, 0o644, 0o755]
    if kind != "fake":
        assert '"WishListBudgetBurn"' in (settings / "prometheus" / "rules.yml").read_text()


def test_a_lab_keeps_the_journeys_that_it_was_started_with(pack: Path, tmp_path: Path) -> None:
    """What is installed later would be half there; whoever judges is told what to do."""
    site = tiny.site(tmp_path)
    places = Layout(site.folder)
    journeys.lay_out(places)
    journeys.require_told(site)
    write(pack, "gift-card")
    journeys.lay_out(places)
    assert json.loads(places.journeys.read_text()) == TOLD
    assert not (places.journeys_code / "gift-card.py").exists()
    with pytest.raises(UsageError, match="other journeys than are installed now: gift-card") as caught:
        journeys.require_told(site)
    assert caught.value.hint == "labctl down --lab tiny, then labctl up --name tiny"


def test_a_package_that_is_gone_or_promises_something_else_is_noticed(pack: Path, tmp_path: Path) -> None:
    """The load would go on judging by what it was told."""
    site = tiny.site(tmp_path)
    journeys.lay_out(Layout(site.folder))
    slo = pack / "wish-list.yaml"
    slo.write_text(slo.read_text().replace("threshold: 500ms", "threshold: 600ms"))
    with pytest.raises(UsageError, match="wish-list"):
        journeys.require_told(site)
    for path in pack.glob("wish*"):
        path.unlink()
    with pytest.raises(UsageError, match="wish-list"):
        journeys.require_told(site)


def test_what_it_was_told_goes_with_the_lab(pack: Path, tmp_path: Path) -> None:
    """The next one of its name is told anew."""
    places = Layout(tmp_path / "lab")
    journeys.lay_out(places)
    places.remove()
    assert list(places.settings.iterdir()) == []
