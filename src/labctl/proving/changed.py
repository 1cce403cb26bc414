"""What a change touches: which scenarios have to be proven again since a commit.

Where it can't be told, all of them: a proof that was not made is worse than one that was not needed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from labctl.errors import UsageError
from labctl.scenario.model import Scenario
from labctl.scenario.steps import Act, Wait
from labctl.stack.release import lineage

UNTOUCHED = (
    "docs/",
    "tests/",
    "examples/",
    "bench/",
    "gamedays/",
    "grafana/",
    "schemas/",
    "requirements/dev.txt",
    ".github/",
    ".gitlab/",
    ".gitignore",
    "Makefile",
    "LICENSE",
    "src/labctl/cli/",
    "src/labctl/console/",
    "src/labctl/desk/",
    "src/labctl/debrief/",
    "src/labctl/doctor/",
    "src/labctl/oncall/",
    "src/labctl/gameday/",
    "src/labctl/demo.py",
    "src/labctl/drill.py",
    "src/labctl/recover.py",
    "src/labctl/recording.py",
)
"""No proof looks at these: what people read, and what only people and tests use."""


def touched(paths: Iterable[str], scenarios: Mapping[str, Scenario]) -> dict[str, str]:
    """Which scenarios (by id, keys of `scenarios` are their files) these paths touch, and why.

    A scenario's own file touches it. A release touches those that deploy it, or one that stands on it.
    Files that no proof looks at touch none. Everything else, a service's base code included, touches
    all: every proof wants every journey green.
    """
    found: dict[str, str] = {}
    for path in sorted(paths):
        if path in scenarios:
            found.setdefault(scenarios[path].id, "its file")
        elif path.endswith(".md") or path.startswith(UNTOUCHED) or path.startswith("scenarios/"):
            continue
        elif release := _release(path):
            for scenario in scenarios.values():
                if release in made_of(scenario):
                    found.setdefault(scenario.id, path)
        else:
            return {scenario.id: path for scenario in scenarios.values()} | found
    return found


def deployed(scenario: Scenario) -> set[tuple[str, str]]:
    """Every (component, release) that a scenario deploys, in whatever role."""
    steps: list[Act | Wait] = [*scenario.noise, *scenario.faults]
    steps += (step for challenge in scenario.challenge for step in challenge.do)
    steps += (step for fix in scenario.fixes for step in fix.do)
    steps += (step for decoy in scenario.decoys for step in decoy.do)
    return releases(steps)


def releases(steps: Iterable[Act | Wait]) -> set[tuple[str, str]]:
    """Every (component, release) that these steps deploy."""
    pairs = set()
    for step in steps:
        if isinstance(step, Act):
            ((_, parameters),) = step.action.step().items()
            if parameters.get("release"):
                pairs.add((str(parameters["component"]), str(parameters["release"])))
    return pairs


def made_of(scenario: Scenario) -> set[tuple[str, str]]:
    """Every (component, release) whose code runs when a scenario deploys what it deploys."""
    return {
        (component, each.version)
        for component, version in deployed(scenario)
        for each in lineage(component, version)
    }


def _release(path: str) -> tuple[str, str] | None:
    """`services/checkout/releases/2.4.0/config.py` is of ("checkout", "2.4.0")."""
    match path.split("/"):
        case ["services", component, "releases", release, _, *_]:
            return component, release
    return None


def touched_since(base: str, sources: Sequence[tuple[Path, Scenario]], folder: Path) -> dict[str, str]:
    """Which scenarios what has changed since `base` touches, and why; UsageError when git can't say."""
    return touched(changed_since(base, folder), by_path(sources, top(folder)))


def changed_since(base: str, folder: Path) -> list[str]:
    """Files that differ from `base` in the repository of a folder, uncommitted and new ones included.

    Paths are relative to the repository's top. UsageError when git can't say.
    """
    merge_base = _git(folder, "merge-base", base, "HEAD").strip()
    differing = _git(folder, "diff", "--name-only", "--no-renames", "-z", merge_base)
    fresh = _git(folder, "ls-files", "--others", "--exclude-standard", "--full-name", "-z")
    return sorted({name for name in (differing + fresh).split("\0") if name})


def top(folder: Path) -> Path:
    """The top of the repository that a folder is in."""
    return Path(_git(folder, "rev-parse", "--show-toplevel").strip())


def by_path(sources: Sequence[tuple[Path, Scenario]], above: Path) -> dict[str, Scenario]:
    """Scenarios by their files relative to the repository's top; those outside by their whole paths."""
    named = {}
    for path, scenario in sources:
        whole = path.resolve()
        inside = whole.is_relative_to(above.resolve())
        named[whole.relative_to(above.resolve()).as_posix() if inside else str(whole)] = scenario
    return named


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UsageError(f"--changed asks git, which does not run: {error}") from error
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise UsageError(
            f"git {arguments[0]}: {said}",
            hint="give a commit or branch that is here; CI may need fetch-depth: 0",
        )
    return done.stdout
