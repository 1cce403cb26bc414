"""The parser: commands from the table, each imported when it is asked for, and their help in print."""

from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from labctl.cli.commands import COMMANDS, SECTIONS, Entry
from labctl.errors import UsageError

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class Commands(TyperGroup):
    """The commands of the table; a command's module is imported when that command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 — the parser's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        entry = COMMANDS.get(cmd_name)
        return load(cmd_name, entry) if entry else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        command = self.get_command(ctx, args[0])
        if command is None:
            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"labctl {close[0]} --help" if close else "labctl --help"
            guess = f"; did you mean {close[0]!r}?" if close else ""
            raise UsageError(f"there is no command {args[0]!r}{guess}", hint=hint)
        return args[0], command, args[1:]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        wide = max(map(len, COMMANDS))
        for section in SECTIONS:
            rows = [(name.ljust(wide), e.help) for name, e in COMMANDS.items() if e.section == section]
            with formatter.section(section):
                formatter.write_dl(rows)


class Command(TyperCommand):
    """One command; its help names what it takes as a person would type it."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        pieces = [_piece(each) for each in _arguments(self, ctx)]
        return [*pieces, "[OPTIONS]"] if ctx.allow_interspersed_args else ["[OPTIONS]", *pieces]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        arguments = [(str(each.metavar), each.help) for each in _arguments(self, ctx)]
        options = [each.get_help_record(ctx) for each in self.get_params(ctx) if not _positional(each)]
        for title, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _positional(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _arguments(command: Any, ctx: Any) -> list[Any]:
    return [each for each in command.get_params(ctx) if _positional(each)]


def _piece(argument: Any) -> str:
    """`COMPONENT`, `[CODE]`, `PATH …`."""
    several = "" if argument.nargs == 1 else " …"
    return f"{argument.metavar}{several}" if argument.required else f"[{argument.metavar}{several}]"


def load(name: str, entry: Entry) -> Any:
    """The parser of one command, from its function's signature."""
    module, _, function = entry.code.partition(":")
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = dict(SETTINGS)
    if entry.passes_options:
        settings |= {"ignore_unknown_options": True, "allow_interspersed_args": False}
    single.command(name, cls=Command, help=entry.help, epilog=_epilog(entry), context_settings=settings)(
        getattr(import_module(f"labctl.cli.{module}"), function)
    )
    return typer.main.get_command(single)


def _epilog(entry: Entry) -> str | None:
    if not entry.examples:
        return None
    return "\b\nExamples:\n" + "\n".join(f"  {example}" for example in entry.examples)
