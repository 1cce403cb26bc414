"""Building the lab's images, each under the name that says what went into it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from labctl import assets
from labctl.doctor.steps import Narrate, run, says
from labctl.runtimes.docker import images

_AT_ONCE = 3  # BuildKit makes what several share only once
_BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SYSTEMS_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def missing() -> list[str]:
    """The targets whose image the engine lacks, or has only from another source."""
    listing = says(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]) or ""
    present = set(listing.splitlines())
    return [
        target for target in images.TARGETS if images.tagged(f"{images.REPOSITORY}{target}") not in present
    ]


def build(targets: list[str], narrate: Narrate) -> None:
    """Build these; CannotRunHere with the last words of a build that fails."""
    narrate(f"building the images {', '.join(targets)}")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda target: _build(target, narrate), targets))


def command(target: str, environment: Mapping[str, str], root: Path) -> list[str]:
    """What builds one image here: with this machine's certificates, package index and proxies."""
    name = f"{images.REPOSITORY}{target}"
    argv = ["docker", "buildx", "build", "--builder", "default", "--progress", "plain", "--network", "host"]
    argv += ["--file", str(root / "images/Dockerfile"), "--target", target]
    argv += ["--tag", images.tagged(name), "--tag", f"{name}:latest"]
    bundles = [environment.get(variable) for variable in _BUNDLES]
    bundle = next((each for each in [*bundles, _SYSTEMS_BUNDLE] if each and Path(each).is_file()), None)
    if bundle:
        argv += ["--secret", f"id=ca,src={bundle}"]
    if environment.get("PIP_INDEX_URL"):
        argv += ["--secret", "id=index,env=PIP_INDEX_URL"]
    for variable in (*_PROXIES, *(each.upper() for each in _PROXIES)):
        if environment.get(variable):
            argv += ["--build-arg", variable]  # its value stays out of the process list
    return [*argv, str(root)]


def _build(target: str, narrate: Narrate) -> None:
    run(command(target, os.environ, assets.root()), f"build {target}", narrate, telling=_is_progress)


def _is_progress(line: str) -> bool:
    """Lines of the build's own programs: `#7 12.3 Unpacking …`."""
    return line.startswith("#") and not line.endswith("CACHED")
