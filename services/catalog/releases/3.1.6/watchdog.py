"""The watchdog: a process beside catalog that asks it how it is, and kills it when it is not well.

`python -m catalog.watchdog PID PATH START_S`, started by catalog itself. Whoever runs catalog starts it again
when it has ended, and would never notice that it hangs.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time

from catalog import config
from shared import environment, logs

_LOG = logs.Log("watchdog")
_OFF = "off"


def begin(path: str, *, start_s: float) -> None:
    """Start the watchdog of this process, which ends with it; none when the path is `off`."""
    if path != _OFF:
        subprocess.Popen([sys.executable, "-m", "catalog.watchdog", str(os.getpid()), path, str(start_s)])


def watch(service: int, path: str, *, start_s: float) -> None:
    """Ask until the process `service` is gone, or kill it after some bad answers in a row.

    Before the first good answer, bad ones do not count for `start_s` seconds.
    """
    counts_from_s = time.monotonic() + start_s
    failures = 0
    while os.getppid() == service:
        asked_s = time.monotonic()
        said = answer(path)
        if said == "ok":
            counts_from_s, failures = asked_s, 0
        elif asked_s >= counts_from_s:
            failures += 1
            _LOG.warning("bad answer", path=path, answer=said, failures=failures)
        if failures >= config.WATCHDOG_FAILURES:
            _LOG.error("not well, so it is killed", path=path, answer=said)
            os.kill(service, signal.SIGKILL)
            return
        time.sleep(max(0.0, asked_s + config.WATCHDOG_EVERY_S - time.monotonic()))


def answer(path: str) -> str:
    """`ok`, or what is wrong with the answer."""
    port = environment.whole("SERVICE_PORT", 8000)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=config.WATCHDOG_TIMEOUT_S)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    finally:
        connection.close()
    return "ok" if status == 200 else f"status {status}"


if __name__ == "__main__":
    logs.begin()
    watch(int(sys.argv[1]), sys.argv[2], start_s=float(sys.argv[3]))
