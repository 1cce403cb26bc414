"""The house rules that a machine can check: who may import whom, and what no file may contain."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
SERVICES = ROOT / "services"
LINES = 400

TIERS = (  # a room may import from its own tier and the tiers above it here; cycles are forbidden anyway
    {"errors", "clock", "assets", "extensions", "seal"},
    {"stack"},
    {"slo"},
    {"runtimes", "judge"},
    {"lab"},
    {"actions"},
    {"scenario", "recover", "doctor", "recording"},
    {"engine"},
    {"oncall", "debrief", "desk"},
    {"attempt", "proof", "proving", "drill", "verify", "demo", "gameday"},
    {"cli", "console"},
    {"__main__"},
)
TIER = {room: number for number, rooms in enumerate(TIERS) for room in rooms}
TALKS_TO_PEOPLE = {"cli", "console"}
OUTSIDE_WORLD = {
    "asyncio",
    "httpx",
    "os",
    "pathlib",
    "psycopg",
    "redis",
    "socket",
    "sqlite3",
    "subprocess",
    "time",
}

# In pieces, because this file is committed too.
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(pieces))
        for pieces in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("yarnpkg", "com"),
            ("crates", "io"),
            ("rubygems", "org"),
            ("proxy", "golang", "org"),
            ("deb", "debian", "org"),
            ("security", "debian", "org"),
            ("archive", "ubuntu", "com"),
            ("apt", "postgresql", "org"),
            ("packages", "grafana", "com"),
            ("index", "docker", "io"),
            ("registry-1", "docker", "io"),
            ("ghcr", "io"),
            ("gcr", "io"),
            ("quay", "io"),
        )
    )
)


def name_of(file: Path) -> str:
    """src/labctl/lab/home.py is `labctl.lab.home`."""
    return ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(file): file for file in sorted(SOURCE.rglob("*.py"))}
SERVICE_FILES = sorted(SERVICES.rglob("*.py"))


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


class Imports(ast.NodeVisitor):
    """What a module imports, wherever in it; `for_types` are those that never run."""

    def __init__(self, tree: ast.Module) -> None:
        self.at_run_time: set[str] = set()
        self.for_types: set[str] = set()
        self._into = self.at_run_time
        self.visit(tree)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            self._into = self.for_types
            for child in node.body:
                self.visit(child)
            self._into = self.at_run_time
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self._into.update(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            self._into.add(full if full in MODULES else str(node.module))


def ours(names: set[str]) -> Iterator[str]:
    return (name for name in sorted(names) if name in MODULES)


def test_every_room_has_its_place() -> None:
    """A new room is put into a tier on purpose."""
    assert {room_of(module) for module in MODULES} - {""} <= set(TIER)


def test_dependencies_run_one_way() -> None:
    """No room imports, even for types or inside a function, from a room that stands on it."""
    upward = [
        f"{module} imports {target}"
        for module, file in MODULES.items()
        for target in ours(Imports(tree_of(file)).at_run_time | Imports(tree_of(file)).for_types)
        if room_of(target) and TIER[room_of(target)] > TIER.get(room_of(module), len(TIERS))
    ]
    assert upward == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """The graph of imports that run has no cycle."""
    graph = {module: set(ours(Imports(tree_of(file)).at_run_time)) for module, file in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_the_judge_touches_nothing() -> None:
    """A verdict is a function of what it is given: no files, no network, no clock."""
    guilty = {
        module: names & OUTSIDE_WORLD
        for module, file in MODULES.items()
        if room_of(module) == "judge"
        for names in [{name.split(".")[0] for name in Imports(tree_of(file)).at_run_time}]
        if names & OUTSIDE_WORLD
    }
    assert guilty == {}


def test_a_service_knows_only_itself_and_what_is_shared() -> None:
    """No service imports another, or labctl: they meet over the network."""
    rooms = {folder.name for folder in SERVICES.iterdir() if folder.is_dir()}
    foreign = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in SERVICE_FILES
        for name in sorted(Imports(tree_of(file)).at_run_time)
        if name.split(".")[0] in (rooms | {"labctl"}) - {"shared", file.relative_to(SERVICES).parts[0]}
    ]
    assert foreign == []


def test_only_the_command_line_and_the_console_print() -> None:
    """Everything else returns what it has to say, or raises it; services log."""
    files = [file for module, file in MODULES.items() if room_of(module) not in TALKS_TO_PEOPLE]
    printing = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in files + SERVICE_FILES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_modules_can_be_read_in_one_sitting() -> None:
    """None reaches 400 lines."""
    lengths = {
        file: len(file.read_text(encoding="utf-8").splitlines())
        for file in (*MODULES.values(), *SERVICE_FILES)
    }
    assert {str(file.relative_to(ROOT)): lines for file, lines in lengths.items() if lines >= LINES} == {}


def committed() -> list[Path]:
    """Every file that is, or would be, committed; outside a checkout, every file that came along."""
    listing = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split("\0")
        files = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        files = [file for file in ROOT.rglob("*") if not {".venv", "__pycache__"} & set(file.parts)]
    return [file for file in files if file.is_file()]


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's business: its owner's indexes and mirrors apply."""
    naming = [
        f"{file.relative_to(ROOT)}: {match.group()}"
        for file in committed()
        if (match := REGISTRIES.search(file.read_text(encoding="utf-8", errors="ignore")))
    ]
    assert naming == []


@pytest.mark.parametrize("lock", ["lab.txt", "dev.txt"])
def test_locks_are_hashed_and_name_no_place(lock: str) -> None:
    """Every requirement is pinned with hashes; there are no options, URLs or paths."""
    text = (ROOT / "requirements" / lock).read_text()
    lines = [
        line
        for line in text.replace("\\\n", " ").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    assert lines
    pinned = re.compile(r"[a-z0-9-]+==[\w.!+]+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line for line in lines if not pinned.fullmatch(line)] == []
    assert not re.search(r"https?:|file:|--(extra-)?index|find-links", text)


def test_the_dev_lock_is_the_lab_lock_and_more() -> None:
    """What is tested is what is shipped: the same versions of everything that a lab needs."""
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements" / lock).read_text(), re.MULTILINE))
        for lock in ("lab.txt", "dev.txt")
    ]
    assert pins[0].items() <= pins[1].items()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    """A dependency added to pyproject.toml and not locked would be missing on a fresh machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for lock, asked in (
        ("lab.txt", project["project"]["dependencies"]),
        ("dev.txt", project["dependency-groups"]["dev"]),
    ):
        text = (ROOT / "requirements" / lock).read_text()
        locked = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
        names = {re.split(r"[\[><=~; ]", each)[0].lower().replace(".", "-") for each in asked}
        assert names <= locked, f"make lock: {lock} lacks {names - locked}"


def test_whole_labs_are_played_where_make_looks_for_them() -> None:
    """`make test` collects end-to-end tests in these two folders alone."""
    tests = Path(__file__).parent
    marked = {
        path.relative_to(tests).parts[0]
        for path in tests.rglob("test_*.py")
        if re.search(r"pytest\.mark\.e2e\b", path.read_text())
    }
    assert marked - {Path(__file__).name} == {"e2e", "runtimes"}
