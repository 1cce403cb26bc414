"""`labctl record`: a drill or an attempt as a file, which outlives its lab."""

from pathlib import Path
from typing import Annotated

import typer

from labctl.cli.choice import LabName, chosen
from labctl.cli.terminal import out
from labctl.errors import UsageError


def record(
    to: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to; default: <drill id>.json here.")
    ] = None,
    lab: LabName = None,
) -> None:
    from labctl import recording

    recorded = recording.record(chosen(lab))
    path = to or Path(f"{recorded.drill}.json")
    try:
        recorded.save(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    out(str(path))
