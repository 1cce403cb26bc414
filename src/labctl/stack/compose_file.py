"""The subset of the Compose specification that this lab uses, as pydantic models: the shape alone.

An unknown key is an error on purpose. To use another key of Compose, add it here, give `Component` a
field for it if a runtime must honour it, and say in the runtimes what they do with it.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StrictBool,
    StrictInt,
)

from labctl import clock

_SIZE = re.compile(r"(\d+)(m|g)b?")


def _mebibytes(value: object) -> int:
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a size; write MiB or GiB, like 256m or 1g")
    return int(match[1]) * (1024 if match[2] == "g" else 1)


def _seconds(value: object) -> float:
    return clock.seconds(str(value))


def _port(value: object) -> int:
    if isinstance(value, str) and value.isdecimal() and 0 < int(value) < 65536:
        return int(value)
    raise ValueError(f'{value!r} is not a port; write it in quotes, like "8000"')


def _published(value: object) -> int:
    match = re.fullmatch(r"127\.0\.0\.1:(\d*):(\d+)", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f'{value!r} must publish on loopback only, like "127.0.0.1::8000"')
    return _port(match[2])


def _environment(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("environment is a mapping of names to text, not a list")  # noqa: TRY004 (pydantic's way)
    return value


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("an environment value is text; put it in quotes")  # noqa: TRY004
    return value


def _word(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", value):
        raise ValueError(f"{value!r} is not a name; use a-z, 0-9 and -")
    return value


def _ready(value: str) -> str:
    if value != "tcp" and not value.startswith("/"):
        raise ValueError(f"{value!r} is neither `tcp` nor an HTTP path like /readyz")
    return value


Name = Annotated[str, AfterValidator(_word)]
Mebibytes = Annotated[int, BeforeValidator(_mebibytes)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
Port = Annotated[int, BeforeValidator(_port)]
Published = Annotated[int, BeforeValidator(_published)]
Text = Annotated[str, BeforeValidator(_text)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LinkEntry(_Part):
    listen: StrictInt = Field(ge=1, le=65535)
    to: str = Field(pattern=r"^[a-z][a-z0-9-]*:\d+$")
    variable: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")


class Lab(_Part):
    """`x-lab`: what Compose has no key for."""

    owner: Literal["shop", "third-party", "lab"]
    recipe: Name
    ready: Annotated[str, AfterValidator(_ready)]
    metrics: str | None = Field(default=None, pattern=r"^/")
    links: dict[Name, LinkEntry] = {}


class HealthCheck(_Part):
    test: list[str]
    interval: Seconds = 30.0
    timeout: Seconds = 30.0
    retries: StrictInt = 3
    start_period: Seconds = 0.0


class Build(_Part):
    """How `docker compose build` makes the image; labctl builds by itself."""

    context: str
    dockerfile: str
    target: str
    network: str | None = None


class Service(_Part):
    image: str = Field(min_length=1)
    build: Build | None = None
    lab: Lab = Field(alias="x-lab")
    environment: Annotated[dict[str, Text], BeforeValidator(_environment)] = {}
    expose: list[Port] = Field(min_length=1)
    ports: list[Published] = []
    depends_on: list[Name] = []
    networks: list[Name] = []
    volumes: list[Annotated[str, Field(pattern=r"^[^:]+:/[^:]*(:ro|:rw)?$")]] = []
    tmpfs: list[str] = []
    profiles: list[Name] = []
    command: list[str] = []
    user: str | None = None
    restart: Literal["no", "always", "on-failure", "unless-stopped"] = "no"
    init: StrictBool = False
    read_only: StrictBool = False
    cap_add: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    healthcheck: HealthCheck | None = None
    stop_grace_period: Seconds = 10.0
    mem_limit: Mebibytes | None = None
    shm_size: Mebibytes | None = None
    cpus: Annotated[float, Strict(), Field(gt=0)] | None = None
    scale: StrictInt = Field(default=1, ge=0)


class _Empty(_Part):
    """`networks` and `volumes` are declared, with nothing to say about them."""


class _Network(_Part):
    internal: StrictBool = False


class ComposeFile(_Part):
    name: Name
    services: dict[Name, Service]
    networks: dict[Name, _Network] = {}
    volumes: dict[Name, _Empty] = {}
