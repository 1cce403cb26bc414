"""`python -m load`: users at FRONT_ADDR, told about on SERVICE_PORT, until SIGTERM."""

from __future__ import annotations

import locust  # isort: skip  # noqa: F401  # first: it patches sockets and threads for everyone else

import resource
import secrets
import signal
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.pywsgi import WSGIServer
from locust.env import Environment

from load.api import Api
from load.crowd import Crowd
from load.journeys import JOURNEYS, installed
from load.ledger import Ledger
from load.pace import Pace
from load.promises import NoPromise, Promise, read
from load.seconds import Seconds
from load.timetable import Timetable
from shared import environment, logs
from shared.journeys import told

FORGET_STATISTICS_EVERY_S = 3600
_LOG = logs.Log("load")


def main() -> None:
    logs.begin()
    host, port = environment.address("FRONT_ADDR")
    run = secrets.token_hex(4)
    beside = told()
    try:
        promises = read(Path(environment.text("SLO_DIR", "/slos")), JOURNEYS)
        visits = installed.read(environment.SETTINGS_DIR / "journeys", beside)
    except NoPromise as error:
        raise SystemExit(f"SLO_DIR: {error}") from None
    except installed.NoJourney as error:
        raise SystemExit(str(error)) from error
    Crowd.promises = promises | {
        name: Promise(each.threshold_s, each.deadline_s) for name, each in beside.items()
    }
    Crowd.journeys = JOURNEYS | visits
    Crowd.ledger = Ledger(run)
    rates = {name: each.rate for name, each in beside.items()}
    Crowd.pace = Pace(Seconds(), Timetable(environment.text("LOAD_SEED", run)), beside=rates)
    _allow_many_sockets()
    env = Environment(user_classes=[Crowd], host=f"http://{host}:{port}")
    runner = env.create_local_runner()
    server = _server(Api(run, Crowd.pace, Crowd.ledger, breathe=lambda: gevent.sleep(0)))
    server.start()
    runner.start(1, spawn_rate=1)
    gevent.spawn(_forget_statistics, env)
    _LOG.info("users begin to come", run=run, front=f"{host}:{port}")
    _until_signalled()
    runner.quit()
    server.stop(timeout=1)


def _server(api: Api) -> WSGIServer:
    host = environment.text("LISTEN_HOST", "0.0.0.0")  # noqa: S104
    return WSGIServer((host, environment.whole("SERVICE_PORT", 8090)), api, log=None)


def _until_signalled() -> None:
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stopped.set)
    stopped.wait()


def _allow_many_sockets() -> None:
    """A stalled shop holds as many connections as users come within a deadline."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _forget_statistics(env: Environment) -> None:
    """Locust keeps a count per second for ever; the seconds of this hour are ours."""
    while True:
        gevent.sleep(FORGET_STATISTICS_EVERY_S)
        env.stats.clear_all()


if __name__ == "__main__":
    main()
