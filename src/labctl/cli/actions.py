"""The learner's actions: the same code, history and rules as a scenario's faults and fixes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from labctl.cli.choice import LabName, chosen
from labctl.cli.stores import Database, User
from labctl.cli.terminal import out, say
from labctl.clock import duration
from labctl.errors import UsageError

Component = Annotated[str, typer.Argument(metavar="COMPONENT", help="A component, as in labctl status.")]


def deploy(
    component: Component,
    release: Annotated[
        str | None, typer.Argument(metavar="RELEASE", help="A release, as in labctl changes.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="DIR", exists=True, file_okay=False, help="A folder with your changed files."
        ),
    ] = None,
    lab: LabName = None,
) -> None:
    if (release is None) == (folder is None):
        raise UsageError(
            "deploy needs either a release or --from DIR",
            hint=f"labctl changes, or labctl deploy {component} --from DIR",
        )
    if folder is not None:
        _act(lab, "deploy", component=component, **{"from": str(folder.resolve())})
    else:
        _act(lab, "deploy", component=component, release=release)


def rollback(component: Component, lab: LabName = None) -> None:
    _act(lab, "rollback", component=component)


def set_(
    component: Component,
    settings: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE", help="One or more; KEY= is its default again.")
    ],
    lab: LabName = None,
) -> None:
    _act(lab, "set", component=component, **pairs(settings))


def pairs(settings: list[str]) -> dict[str, str | None]:
    """`["A=1", "B="]` as settings; None takes one back to its default."""
    found: dict[str, str | None] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (key and equals):
            raise UsageError(f"{setting!r} is not KEY=VALUE", hint="labctl set checkout DB_POOL_MAX=8")
        found[key] = value or None
    return found


def flag(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A flag; a wrong one lists them all.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Such as on, off, 10%, 3s, or default.")],
    lab: LabName = None,
) -> None:
    _act(lab, "flag", name=name, value=None if value == "default" else value)


def limit(
    component: Component,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="Such as 512m, or none.")
    ] = None,
    cpus: Annotated[str | None, typer.Option("--cpus", metavar="CORES", help="Such as 0.5, or none.")] = None,
    lab: LabName = None,
) -> None:
    if memory is None and cpus is None:
        raise UsageError(
            "limit takes --memory, --cpus or both", hint=f"labctl limit {component} --memory 512m"
        )
    given = {"memory": memory, "cpus": cpus}
    _act(
        lab, "limit", component=component, **{key: value for key, value in given.items() if value is not None}
    )


def scale(
    component: Component,
    replicas: Annotated[int, typer.Argument(metavar="N", help="How many replicas.")],
    lab: LabName = None,
) -> None:
    _act(lab, "scale", component=component, replicas=replicas)


def restart(component: Component, lab: LabName = None) -> None:
    _act(lab, "restart", component=component)


def sql(
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="In quotes.")],
    database: Database = "shop",
    user: User = "postgres",
    lab: LabName = None,
) -> None:
    _act(lab, "sql", do=statement, database=database, user=user)


def _act(where: str | None, action: str, /, **parameters: Any) -> None:
    """Do it, wait until it has taken effect, and say so."""
    from labctl.actions import steps
    from labctl.actions.perform import Role, perform

    lab = chosen(where)
    parsed = steps.parse({action: parameters})
    say(f"{action} …")
    change = perform(lab, parsed, role=Role.LEARNER, by="you")
    after = f", after {duration(change.took_s)}" if change.took_s else ""
    out(f"{change.summary}: it took effect{after}")
