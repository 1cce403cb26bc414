"""Prometheus' and Alertmanager's configuration: what the programs themselves make of it."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest

from labctl.clock import SystemClock, await_until
from labctl.slo import rules, scrape
from labctl.slo.openslo import objectives
from labctl.stack.compose import load_stack

Discovery = Literal["file", "dns"]
STACK = load_stack()


def test_everything_with_metrics_is_scraped_and_the_load_never() -> None:
    """The learner sees the shop's own numbers; the judge's witness stays out of them."""
    jobs = [each.name for each in scrape.scraped(STACK)]
    assert {"edge", "checkout", "catalog", "worker", "postgres-exporter", "redis-cache-exporter"} <= set(jobs)
    assert not {"load", "wire", "bank"} & set(jobs)
    for discovery in ("file", "dns"):
        config = json.loads(scrape.prometheus_yml(STACK, discovery=discovery))
        assert [each["job_name"] for each in config["scrape_configs"]] == jobs
        assert config["global"]["scrape_interval"] == config["global"]["evaluation_interval"] == "1s"


def test_targets_name_component_and_replica() -> None:
    """Each replica is a target of its own."""
    text = scrape.targets({"edge": [("edge-1", "127.0.0.1:1"), ("edge-2", "127.0.0.1:2")], "load": []})
    assert json.loads(text) == [
        {"targets": ["127.0.0.1:1"], "labels": {"__component": "edge", "instance": "edge-1"}},
        {"targets": ["127.0.0.1:2"], "labels": {"__component": "edge", "instance": "edge-2"}},
    ]


@pytest.mark.integration
@pytest.mark.parametrize("discovery", ["file", "dns"])
def test_the_programs_accept_the_files(tmp_path: Path, discovery: Discovery) -> None:
    """promtool and amtool find nothing wrong, rules included."""
    settings(tmp_path, discovery=discovery)
    check("promtool", "check", "config", str(tmp_path / "prometheus.yml"))
    check("amtool", "check-config", str(tmp_path / "alertmanager.yml"))


@pytest.mark.integration
def test_a_page_reaches_alertmanager_with_its_labels(tmp_path: Path) -> None:
    """Real programs: targets from the file as it changes, requests that fail, one page for both windows."""
    with edge() as shop, programs(tmp_path, shop.address) as (prometheus, alertmanager):
        wait("edge-1 is scraped", lambda: up(prometheus) == {"edge-1": "1"})
        write_targets(tmp_path, {"edge-2": shop.address})
        wait("edge-2 took its place", lambda: up(prometheus) == {"edge-2": "1"})
        assert [each for each in alerts(alertmanager) if each["severity"] == "page"] == []
        shop.failing = True
        wait("a page", lambda: any(each["severity"] == "page" for each in alerts(alertmanager)))
        page = next(each for each in alerts(alertmanager) if each["severity"] == "page")
        assert (page["alertname"], page["journey"]) == ("CheckoutBudgetBurn", "checkout")
        groups = fetch(f"{alertmanager}/api/v2/alerts/groups")
        mine = [each for each in groups if each["labels"].get("alertname") == "CheckoutBudgetBurn"]
        assert [each["labels"] for each in mine] == [
            {"alertname": "CheckoutBudgetBurn", "journey": "checkout"}
        ]


class Edge(ThreadingHTTPServer):
    """An edge whose users order ten times a second; `failing` makes every further order fail."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Metrics)
        self.began = time.monotonic()
        self._failing_since: float | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def failing(self) -> bool:
        return self._failing_since is not None

    @failing.setter
    def failing(self, now: bool) -> None:
        self._failing_since = time.monotonic() if now else None

    def page(self) -> str:
        now = time.monotonic()
        good = 10 * ((self._failing_since or now) - self.began)
        failed = 10 * (now - self._failing_since) if self._failing_since else 0
        name = "journey_requests_total"
        return (
            f"# TYPE {name} counter\n"
            f'{name}{{journey="checkout",outcome="good"}} {good}\n'
            f'{name}{{journey="checkout",outcome="failed"}} {failed}\n'
        )


class _Metrics(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.server.page().encode() if isinstance(self.server, Edge) else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def edge() -> Iterator[Edge]:
    with Edge() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def settings(folder: Path, *, discovery: Discovery = "file", alertmanager: str = "am:9093") -> None:
    """Everything that the two programs read, in one folder."""
    config = scrape.prometheus_yml(STACK, discovery=discovery, folder=str(folder), alertmanager=alertmanager)
    jobs = [each.name for each in scrape.scraped(STACK)]
    (folder / "prometheus.yml").write_text(config)
    (folder / "rules.yml").write_text(rules.render(objectives(), jobs))
    (folder / "alertmanager.yml").write_text(scrape.alertmanager_yml())
    write_targets(folder, {})


def write_targets(folder: Path, edges: dict[str, str]) -> None:
    """Replace targets.json as a runtime does: whole, by a rename."""
    draft = folder / "targets.draft"
    draft.write_text(scrape.targets({"edge": list(edges.items())}))
    draft.rename(folder / "targets.json")


@contextmanager
def programs(folder: Path, edge_address: str) -> Iterator[tuple[str, str]]:
    """A real Prometheus and Alertmanager on free ports; yields their URLs."""
    prometheus, alertmanager = (f"127.0.0.1:{free_port()}" for _ in range(2))
    settings(folder, alertmanager=alertmanager)
    write_targets(folder, {"edge-1": edge_address})
    commands = [
        f"prometheus --config.file=prometheus.yml --web.listen-address={prometheus} --storage.tsdb.path=data",
        f"prometheus-alertmanager --config.file=alertmanager.yml --web.listen-address={alertmanager}",
    ]
    commands[1] += " --cluster.listen-address= --storage.path=alerts"
    with (folder / "log").open("w") as log:
        running = [subprocess.Popen(each.split(), cwd=folder, stdout=log, stderr=log) for each in commands]
        try:
            yield f"http://{prometheus}", f"http://{alertmanager}"
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wait(what: str, condition: Any) -> None:
    await_until(condition, what=what, within_s=20, clock=SystemClock(), every_s=0.1)


def fetch(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own http URL)
            return json.load(answer)
    except OSError:
        return {}


def up(prometheus: str) -> dict[str, str]:
    """Which replicas of the edge Prometheus scrapes, and whether they answer."""
    found = fetch(f"{prometheus}/api/v1/query?query=up%7Bjob%3D%22edge%22%7D")
    results = found.get("data", {}).get("result", [])
    return {each["metric"]["instance"]: each["value"][1] for each in results}


def alerts(alertmanager: str) -> list[dict[str, str]]:
    """The labels of every alert that Alertmanager holds."""
    return [each["labels"] for each in fetch(f"{alertmanager}/api/v2/alerts") or []]
