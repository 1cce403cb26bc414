"""What teams copy: the action, the workflow and the GitLab template say what labctl understands."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from labctl.cli.verify import verify
from labctl.stack import strict_yaml

ROOT = Path(__file__).parent.parent
FILES = ("action.yml", "ci/gitlab.yml", ".github/workflows/proofs.yml")
OPTIONS = {
    each
    for parameter in inspect.signature(verify, eval_str=True).parameters.values()
    for note in getattr(parameter.annotation, "__metadata__", ())
    for each in map(str, (getattr(note, "default", ""), *(getattr(note, "param_decls", None) or ())))
    if each.startswith("--")
}


def plain(name: str) -> Any:
    return strict_yaml.read(ROOT / name).data


@pytest.mark.parametrize("name", FILES)
def test_every_option_in_them_is_one_of_verify(name: str) -> None:
    """An option that was renamed would break every team that copied it."""
    text = (ROOT / name).read_text() + (ROOT / "docs" / "ci.md").read_text()
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--directory"}
    assert used <= OPTIONS, used - OPTIONS


def test_inputs_of_the_action_reach_the_script_as_variables() -> None:
    """An input pasted into a script would be run as one."""
    action = plain("action.yml")
    scripts = [step["run"] for step in action["runs"]["steps"]]
    assert not [script for script in scripts if "${{" in script]
    given = {value for step in action["runs"]["steps"] for value in step["env"].values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} <= given


def test_a_job_extends_the_gitlab_template_in_three_lines() -> None:
    """Hidden, so that including it runs nothing by itself; its report is what verify writes."""
    template = plain("ci/gitlab.yml")
    assert list(template) == [".incident-lab"]
    job = template[".incident-lab"]
    assert job["script"][-1].endswith(f"> {job['artifacts']['reports']['junit']}")


def test_the_targets_that_they_call_exist() -> None:
    """`make doctor`, `make proof`, `make drills`."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {target for name in FILES for target in re.findall(r"make ([a-z]+)", (ROOT / name).read_text())}
    assert {"proof", "drills"} <= called <= targets
