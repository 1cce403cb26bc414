"""Which runtimes there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.errors import CannotRunHere, UsageError
from labctl.runtimes import KINDS, open_runtime
from labctl.runtimes.local.recipes import recipe
from labctl.stack.compose import load_stack
from tests.runtimes import tiny


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_opens_without_starting_anything(kind: str, tmp_path: Path) -> None:
    """Opening a lab's runtime looks at nothing and makes nothing."""
    site = tiny.site(tmp_path)
    assert open_runtime(kind, tiny.stack(tmp_path), site).kind == kind
    assert not site.folder.exists()


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """The message names the kinds there are."""
    with pytest.raises(UsageError, match="local"):
        open_runtime("podman", tiny.stack(tmp_path), tiny.site(tmp_path))


def test_every_component_of_the_stack_has_a_recipe() -> None:
    """The whole shop can run without containers."""
    assert all(recipe(component.recipe) for component in load_stack().components.values())


@pytest.mark.parametrize("name", ["kafka", "base", "postgres-template"])
def test_a_missing_recipe_is_said(name: str) -> None:
    """A component that only containers can run is `cannot run here`, not a traceback."""
    with pytest.raises(CannotRunHere, match=name):
        recipe(name)
