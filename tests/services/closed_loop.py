"""Locust's own pacing, for comparison: `python -m tests.services.closed_loop PORT SECONDS`.

A hundred users at one request per second each; prints how many requests there were and how many
took longer than the home listing's threshold.
"""

from __future__ import annotations

import json
import logging
import sys

import locust  # isort: skip  # it patches sockets first
import gevent
from locust.env import Environment

THRESHOLD_MS = 400
USERS = 100


class Visitor(locust.FastHttpUser):
    wait_time = locust.constant_throughput(1)

    @locust.task
    def home(self) -> None:
        self.client.get("/api/home")


def main() -> None:
    logging.disable()
    port, seconds = sys.argv[1:]
    environment = Environment(user_classes=[Visitor], host=f"http://127.0.0.1:{port}")
    counts = {"all": 0, "slow": 0}

    def count(response_time: float, **_: object) -> None:
        counts["all"] += 1
        counts["slow"] += response_time > THRESHOLD_MS

    environment.events.request.add_listener(count)  # type: ignore[no-untyped-call]
    runner = environment.create_local_runner()
    runner.start(USERS, spawn_rate=USERS)
    gevent.sleep(float(seconds))
    runner.quit()
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main()
