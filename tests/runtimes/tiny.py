"""A stack of two small HTTP programs, `web` and `api`, for tests of runtimes."""

from __future__ import annotations

import secrets
from pathlib import Path

from labctl.runtimes.base import Site
from labctl.stack.compose import Stack, load_stack

PROGRAM = """
import http.server, json, os, signal, sys, time, urllib.parse

KEPT = []

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/eat":  # memory, in MiB
            KEPT.append(b"x" * (int(url.query) * 2**20))
        if url.path == "/spin":  # seconds of CPU
            end = time.process_time() + float(url.query)
            while time.process_time() < end:
                pass
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())

    def log_message(self, *args):
        pass

if os.environ.get("SICK"):
    sys.exit("too sick to start")
print(os.environ["REPLICA"], "starts", flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
address = (os.environ["LISTEN_HOST"], int(os.environ["SERVICE_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""

COMPOSE = """
name: tiny
services:
  web:
    image: incident-lab/services
    command: [python, {program}]
    volumes: ["{program}:{program}:ro"]
    restart: unless-stopped
    tmpfs: [/tmp]
    environment: {{GREETING: hello}}
    expose: ["8000"]
    stop_grace_period: 2s
    x-lab: {{owner: shop, recipe: program, ready: /}}
  api:
    image: incident-lab/services
    command: [python, {program}]
    volumes: ["{program}:{program}:ro"]
    restart: unless-stopped
    tmpfs: [/tmp]
    expose: ["8000"]
    ports: ["127.0.0.1::8000"]
    stop_grace_period: 2s
    depends_on: [web]
    x-lab: {{owner: shop, recipe: program, ready: /}}
"""


def stack(folder: Path) -> Stack:
    """The tiny stack, its program and Compose file written below `folder`."""
    program = folder / "program.py"
    program.write_text(PROGRAM)
    compose = folder / "compose.yml"
    compose.write_text(COMPOSE.format(program=program))
    return load_stack(compose)


def site(folder: Path, name: str = "tiny") -> Site:
    return Site(name, secrets.token_hex(6), folder / "labs" / name, folder / "cache", {})
