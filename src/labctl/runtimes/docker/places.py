"""Where the docker runtime keeps its files in a lab's folder."""

from __future__ import annotations

from pathlib import Path

from labctl.runtimes.local.layout import Layout


class Places(Layout):
    """`run/` and `logs/` go with `destroy`; containers read `settings/`, as users of their own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.plan = self.run / "replicas.json"
        self.compose = self.run / "compose.json"
        self.seen = self.run / "engine.json"
        self.events_lock = self.run / "events.lock"

    def make(self) -> None:
        """Create the folders; `run` holds secrets, `settings` is for everybody."""
        for folder in (self.folder, self.run, self.logs, self.settings, self.prometheus, self.alertmanager):
            folder.mkdir(parents=True, exist_ok=True)
        self.run.chmod(0o700)
        for folder in (self.settings, self.prometheus, self.alertmanager):
            folder.chmod(0o755)
