"""The stack as docker-compose.yml declares it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from labctl.errors import InvalidFile, UsageError
from labctl.stack import release
from labctl.stack.compose import Link, Stack, Volume, baseline, load_stack
from labctl.stack.wanted import Limits

SMALL = """\
name: small
x-ours: &ours
  image: ours
  networks: [shop]
services:
  app:
    <<: *ours
    environment:
      DB: ${APP_DB:-wire:6101}
      SIZE: 8
    expose: ["8000"]
    ports: ["127.0.0.1::8000"]
    mem_limit: 1g
    cpus: 0.5
    scale: 2
    volumes: ["data:/data:ro"]
    stop_grace_period: 5s
    depends_on: [wire, db]
    x-lab:
      owner: shop
      recipe: service
      ready: /readyz
      metrics: /metrics
      links:
        app-db: {listen: 6101, to: "db:5432", variable: APP_DB}
  wire:
    <<: *ours
    environment:
      PROXIES: "${WIRE_PROXIES:-app-db=6101>db:5432}"
    expose: ["8474"]
    x-lab: {owner: lab, recipe: service, ready: /version}
  db:
    <<: *ours
    environment: {PASSWORD: "${PASSWORD:?}"}
    expose: ["5432"]
    x-lab: {owner: third-party, recipe: postgres, ready: tcp}
networks:
  shop: {}
volumes:
  data: {}
"""

Load = Callable[[str], Stack]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def write_and_load(text: str) -> Stack:
        path = tmp_path / "compose.yml"
        path.write_text(text)
        return load_stack(path)

    return write_and_load


def mistakes(load: Load, *changes: tuple[str, str]) -> list[str]:
    """What is wrong with the small file after some of its text is replaced, without the folder."""
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(InvalidFile) as caught:
        load(text)
    return [str(each).partition("compose.yml:")[2] for each in caught.value.mistakes]


def test_a_component_has_everything_that_the_file_says(load: Load) -> None:
    """Templates are merged, sizes and times are numbers, links name their user."""
    stack = load(SMALL)
    app = stack["app"]
    assert (app.owner, app.recipe, app.ready, app.metrics) == ("shop", "service", "/readyz", "/metrics")
    assert (app.image, app.port, app.published, app.replicas) == ("ours", 8000, (8000,), 2)
    assert (app.limits, app.stop_grace_s) == (Limits(memory_mb=1024, cpus=0.5), 5.0)
    assert (app.networks, app.volumes) == (("shop",), (Volume("data", "/data", True),))
    assert app.links == (Link("app-db", 6101, "db:5432", "APP_DB", "app"),)
    assert stack.links == {"app-db": app.links[0]}
    assert stack.owned_by("lab") == ["wire"]


def test_start_order_puts_dependencies_first(load: Load) -> None:
    """A component comes after everything that it depends on."""
    order = load(SMALL).start_order()
    assert sorted(order) == ["app", "db", "wire"]
    assert order[-1] == "app"


def test_environment_is_filled_from_variables(load: Load) -> None:
    """Defaults stand where nothing is given, numbers are text, and a needed variable must be there."""
    stack = load(SMALL)
    assert stack["app"].environment_for({}) == {"DB": "wire:6101", "SIZE": "8"}
    assert stack["app"].environment_for({"APP_DB": "127.0.0.1:9"})["DB"] == "127.0.0.1:9"
    with pytest.raises(UsageError, match="db: PASSWORD needs the variable PASSWORD: it has no value"):
        stack["db"].environment_for({})


def test_an_unknown_component_is_named_with_what_was_meant(load: Load) -> None:
    """A mistyped name gets a suggestion."""
    with pytest.raises(UsageError, match="no component 'wirre'") as caught:
        load(SMALL)["wirre"]
    assert caught.value.hint == "did you mean 'wire'?"


def test_all_mistakes_are_reported_at_once_and_in_order(load: Load) -> None:
    """Unknown keys get a suggestion; wrong values and missing keys are placed where they are."""
    found = mistakes(
        load,
        ("mem_limit: 1g", "mem_limitt: 1g"),
        ("cpus: 0.5", "cpus: lots"),
        ("owner: shop", "ownr: shop"),
        ("    expose: [\"8474\"]\n", ""),
        ("ready: tcp", "ready: udp"),
    )  # fmt: skip
    assert found == [
        "13:5: unknown key 'mem_limitt' (did you mean 'mem_limit'?)",
        "14:11: cpus: input should be a valid number, not 'lots'",
        "20:7: the key 'owner' is missing",
        "20:7: unknown key 'ownr' (did you mean 'owner'?)",
        "27:5: the key 'expose' is missing",
        "35:58: 'udp' is neither `tcp` nor an HTTP path like /readyz",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: small", "name: small\nsecrets: {}", "2:1: unknown key 'secrets'"),
        ("owner: shop", "owner: nobody", "20:14: owner: input should be 'shop', 'third-party' or 'lab'"),
        ("recipe: service", "recipe: 3", "21:15: recipe: input should be a valid string, not 3"),
        ("SIZE: 8", "SIZE: 1.5", "10:13: an environment value is text; put it in quotes"),
        ("SIZE: 8", "SIZE: $HOME", "10:13: '$HOME' is no variable"),
        ("mem_limit: 1g", "mem_limit: 1.5g", "13:16: '1.5g' is not a size"),
        ("stop_grace_period: 5s", "stop_grace_period: 5", "17:24: '5' is not a duration"),
        ('"127.0.0.1::8000"', '"8000:8000"', "12:13: '8000:8000' must publish on loopback only"),
        ('"127.0.0.1::8000"', '"127.0.0.1::9000"', "12:13: port 9000 is published and not exposed"),
        ('expose: ["8000"]', "expose: [8000]", "11:14: 8000 is not a port; write it in quotes"),
        ("depends_on: [wire, db]", "depends_on: [wire, dv]", "18:24: there is no service 'dv'"),
        ("networks: [shop]", "networks: [shoop]", "4:14: there is no network 'shoop' (did you mean 'shop'?)"),
        ('"data:/data:ro"', '"date:/data:ro"', "16:15: there is no volume 'date' (did you mean 'data'?)"),
        ("    environment: {PASS", "    depends_on: [app]\n    environment: {PASS", "wait for each other"),
        ('to: "db:5432"', 'to: "bd:5432"', "25:36: there is no service 'bd'"),
        ('to: "db:5432"', 'to: "db:5433"', "25:36: db does not expose port 5433"),
        ("DB: ${APP_DB:-wire:6101}", "DB: ${APP_DB:-db:5432}", "is ${APP_DB:-wire:6101}"),
        ("app-db=6101>db", "app-db=6102>db", "has 'app-db=6102>db:5432' where x-lab.links says"),
        ("app-db=6101>db:5432}", "app-db=6101>db:5432 x=1>db:2}", "'x=1>db:2', which is no service's link"),
        ("app-db=6101>db:5432}", "}", "29:16: PROXIES lacks 'app-db=6101>db:5432'"),
    ],
)  # fmt: skip
def test_each_mistake_says_what_and_where(load: Load, old: str, new: str, said: str) -> None:
    """One changed line of a good file gives a mistake that names it."""
    assert any(said in found for found in mistakes(load, (old, new)))


def test_two_links_are_told_apart_by_name_and_port(load: Load) -> None:
    """The same name or the same port twice is a mistake."""
    second = '      links:\n        app-db: {listen: 6101, to: "db:5432", variable: APP_DB}\n'
    lab = "    x-lab:\n      owner: shop\n      recipe: r\n      ready: tcp\n" + second
    found = mistakes(load, ("    x-lab: {owner: third-party, recipe: postgres, ready: tcp}\n", lab))
    assert any("app has a link 'app-db' too" in each for each in found)
    assert any("app-db listens on 6101 too" in each for each in found)


def test_links_need_the_wire(load: Load) -> None:
    """A file with links and without `wire` is a mistake."""
    wire = SMALL[SMALL.index("  wire:") : SMALL.index("  db:")]
    found = mistakes(load, (wire, ""), ("[wire, db]", "[db]"))
    assert found == ["6:3: there are links and no service 'wire'"]


def test_the_real_file_is_good_and_whole() -> None:
    """Our own docker-compose.yml loads, and holds the stack of the design."""
    stack = load_stack()
    assert {"edge", "catalog", "checkout", "worker", "bank", "wire", "load", "postgres"} <= set(
        stack.components
    )
    assert stack["bank"].owner == "third-party"
    assert stack["load"].metrics is None
    assert stack.links["front"].to == "edge:8000"
    secrets = ("POSTGRES_PASSWORD", "SHOP_PASSWORD", "ANALYTICS_PASSWORD", "REDIS_PASSWORD")
    for component in stack.components.values():
        component.environment_for(dict.fromkeys(secrets, "x"))


def test_the_baseline_is_what_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    """Base releases where a component has them, declared limits and replicas, no flag."""
    monkeypatch.setattr(release, "components", lambda: ["checkout", "postgres"])
    monkeypatch.setattr(release, "base", lambda name: f"{name}-base")
    wanted = baseline(load_stack())
    assert wanted["checkout"].release == "checkout-base"
    assert wanted["checkout"].limits == Limits(memory_mb=256)
    assert wanted["postgres"].release is None
    assert wanted["edge"].release is None
    assert wanted.flags == {}
