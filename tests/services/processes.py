"""Load, a stub of the shop, and other modules as processes of one test."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from sys import executable

from labctl.errors import LabError
from labctl.lab.load_client import LoadClient
from tests.services.parts import SERVICES, Process, eventually, free_port

ROOT = SERVICES.parent


class Parts:
    """Processes of one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[Process] = []

    def start(self, module: str, *arguments: object, **environment: object) -> Process:
        base = {"PYTHONPATH": f"{SERVICES}:{ROOT}", "SETTINGS_DIR": str(self._folder)}
        argv = [executable, "-m", module, *map(str, arguments)]
        log = self._folder / f"{module}-{len(self._processes)}.log"
        process = Process(argv, log, {**base, **{key: str(value) for key, value in environment.items()}})
        process.start()
        self._processes.append(process)
        return process

    def shop(self, *stall: float) -> int:
        port = free_port()
        self.start("tests.services.stub_shop", port, *stall)
        return port

    def load(self, front: int) -> tuple[Process, LoadClient]:
        port = free_port()
        process = self.start(
            "load",
            LISTEN_HOST="127.0.0.1",
            SERVICE_PORT=port,
            FRONT_ADDR=f"127.0.0.1:{front}",
            SLO_DIR=ROOT / "slos",
            LOAD_SEED="test",
        )
        client = LoadClient(f"http://127.0.0.1:{port}")
        eventually(lambda: _ready(client), what="load is ready")
        return process, client

    def end(self) -> None:
        for process in self._processes:
            process.end(9)


def _ready(client: LoadClient) -> bool:
    with suppress(LabError):
        return bool(client.run())
    return False
