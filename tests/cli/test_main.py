"""The door: finding commands, quick help, and what exceptions and signals become."""

import signal
import subprocess
import sys

import pytest

from labctl.cli import main
from labctl.cli.commands import COMMANDS

DESIGN = [
    *("doctor", "up", "down", "reset", "status", "recover", "list", "drill", "check", "verify", "demo"),
    *("logs", "psql", "redis", "query", "changes", "diff", "lint"),
    *("trace", "top", "sh", "runbook", "page"),
    *("deploy", "rollback", "set", "flag", "limit", "scale", "restart", "sql"),
]
HEAVY = [
    *("rich", "docker", "psycopg", "pydantic", "aiohttp", "httpx", "locust", "gevent", "redis"),
    *("yaml", "sqlite3", "asyncio"),
]


@pytest.mark.parametrize("name", DESIGN)
def test_every_command_of_the_design_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl COMMAND --help` shows its one line, within 80 columns."""
    assert main.run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert COMMANDS[name].help in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_help_lists_every_command_once_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """The list is complete, each command with its line of help."""
    assert main.run(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, entry in COMMANDS.items():
        assert [line for line in lines if line.split() == [name, *entry.help.split()]], name
    assert max(map(len, lines)) <= 80


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl` alone is a question, not a mistake."""
    assert main.run([]) == 0
    assert "Start a lab" in capsys.readouterr().out


def test_a_command_that_is_asked_to_end_cleans_up_first() -> None:
    """SIGTERM, as of a cancelled CI job, unwinds like Ctrl-C; a second one does not cut that short."""
    program = (
        "import contextlib, os, signal, sys, typer\n"
        "from labctl.cli.main import main\n"
        "class Works:\n"
        "    def make_context(self, *_):\n"
        "        return contextlib.nullcontext()\n"
        "    def invoke(self, _):\n"
        "        try:\n"
        "            print('works', flush=True)\n"
        "            signal.pause()\n"
        "        finally:\n"
        "            os.kill(os.getpid(), signal.SIGTERM)\n"
        "            print('cleaned up', flush=True)\n"
        "typer.main.get_command = lambda _: Works()\n"
        "sys.argv = ['labctl', 'works']\n"
        "main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "works\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (out, err, process.returncode) == ("cleaned up\n", "ended by SIGTERM\n", 143)


def test_help_imports_nothing_heavy() -> None:
    """`labctl --help` reads a table; no command's module nor any big library is imported."""
    program = (
        "import sys\nfrom labctl.cli.main import run\ncode = run(['--help'])\n"
        f"heavy = set({HEAVY!r}) & set(sys.modules)\n"
        "ours = {name for name in sys.modules if name.startswith('labctl.') and 'cli' not in name}\n"
        "loaded = ours - {'labctl.errors'}\n"
        "sys.exit(f'{code} {heavy} {loaded}' if code or heavy or loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_command_modules_import_nothing_heavy() -> None:
    """Parsing any command line stays quick: libraries are imported only when a command works."""
    modules = sorted({f"labctl.cli.{entry.code.partition(':')[0]}" for entry in COMMANDS.values()})
    program = (
        f"import sys, importlib\nfor name in {modules!r}: importlib.import_module(name)\n"
        f"heavy = set({HEAVY!r}) & set(sys.modules)\nsys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mistyped_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and the nearest command's help as the next thing to type."""
    assert main.run(["verfy"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no command 'verfy'; did you mean 'verify'?\nnext:  labctl verify --help\n"
    )


def test_an_unknown_option_names_the_help_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 in our own words, not the parser's usage block."""
    assert main.run(["help", "--colour"]) == 2
    assert capsys.readouterr().err == "error: no such option: --colour\nnext:  labctl help --help\n"


def test_version_names_the_installed_release(capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl --version` is one line."""
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("labctl ")


def test_the_module_is_the_command() -> None:
    """`python -m labctl` says and exits as `labctl` does."""
    argv = [sys.executable, "-m", "labctl", "no-such-command"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no command 'no-such-command'" in done.stderr


def test_help_explains_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Every exit code of the design is documented."""
    assert main.run(["help", "exit-codes"]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines()[:5]] == ["0", "1", "2", "3", "130"]


def test_help_on_a_command_is_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl help scale` and `labctl scale --help` say the same."""
    assert main.run(["scale", "--help"]) == 0
    asked = capsys.readouterr().out
    assert main.run(["help", "scale"]) == 0
    assert capsys.readouterr().out == asked


def test_help_on_nothing_known_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with where to look."""
    assert main.run(["help", "weather"]) == 2
    assert "labctl --help" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error() -> None:
    """`labctl … | head -1` ends quietly."""
    program = (
        "import sys\nfrom labctl.cli import main, terminal\n"
        "def endless():\n    while True: terminal.out('line')\n"
        "import labctl.cli.help as module\nmodule.help_ = endless\n"
        "sys.argv = ['labctl', 'help']\nmain.main()"
    )
    line = f'{sys.executable} -c "$PROGRAM" | head -1'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        env={"PROGRAM": program, "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "line\n", "")
