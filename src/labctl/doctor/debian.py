"""Installing what is missing on Debian and Ubuntu."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from labctl.clock import Clock, SystemClock
from labctl.errors import CannotRunHere

SCRIPT = Path(__file__).with_name("install.sh")
EVERY_S = 5.0
"""At most this often is progress told."""

_NEW = re.compile(r"(\d+) newly installed")
_STEPS = ("Get:", "Unpacking ", "Setting up ")


def is_debian(os_release: Path = Path("/etc/os-release")) -> bool:
    """Whether this is Debian, Ubuntu or a descendant, with apt-get."""
    if not os_release.is_file() or not shutil.which("apt-get"):
        return False
    words = re.findall(r"^ID(?:_LIKE)?=[\"']?([^\"'\n]*)", os_release.read_text(), re.MULTILINE)
    return bool({"debian", "ubuntu"} & set(" ".join(words).split()))


def as_root() -> list[str] | None:
    """What to put before a command so that root runs it: [] for root; None where nobody may."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def by_hand(packages: Sequence[str]) -> list[str]:
    """What a person types where labctl may not install."""
    labctl = Path(sys.executable).with_name("labctl")
    install = f"apt-get install --no-install-recommends {' '.join(packages)}"
    return [
        f"sudo {labctl if labctl.exists() else 'labctl'} doctor --fix",
        f"or, which starts their services too: sudo apt-get update && sudo {install}",
    ]


def install(
    packages: Sequence[str],
    *,
    prefix: Sequence[str],
    narrate: Callable[[str], None],
    clock: Clock | None = None,
) -> None:
    """Install packages through install.sh; CannotRunHere with apt's last words when that fails."""
    last: deque[str] = deque(maxlen=12)
    with subprocess.Popen(
        [*prefix, "sh", str(SCRIPT), *packages],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
    ) as running:
        assert running.stdout is not None
        _follow(running.stdout, last, narrate, clock or SystemClock())
    if running.returncode:
        said = "\n  ".join(last)
        raise CannotRunHere(f"apt-get could not install {' '.join(packages)}:\n  {said}")


def _follow(lines: Iterable[str], last: deque[str], narrate: Callable[[str], None], clock: Clock) -> None:
    """Tell how far apt is, from what it says: each package is fetched, unpacked and set up."""
    steps, done, told = 0, 0, clock.now()
    for raw in lines:
        line = raw.rstrip()
        last.append(line)
        if match := _NEW.search(line):
            steps, done = 3 * int(match.group(1)), 0
            narrate(f"{match.group(1)} packages to download and install")
        if not line.startswith(_STEPS):
            continue
        done += 1
        if steps and clock.now() - told >= EVERY_S:
            told = clock.now()
            narrate(f"{min(99, 100 * done // steps)} %  {line[:70]}")
