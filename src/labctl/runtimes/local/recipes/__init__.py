"""How a component is started where there are no containers: one module per `x-lab.recipe`.

To add one: a module here, named like the recipe with `_` for `-`, with `RECIPE = Recipe(...)`, and a test.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from labctl.errors import CannotRunHere
from labctl.runtimes.local.recipes.base import Recipe


def recipe(name: str) -> Recipe:
    """The recipe of this name; CannotRunHere when the local runtime has none."""
    module = f"{__name__}.{name.replace('-', '_')}"
    found = getattr(import_module(module), "RECIPE", None) if find_spec(module) else None
    if not isinstance(found, Recipe):
        raise CannotRunHere(f"the local runtime has no recipe {name!r}", hint="use the docker runtime")
    return found
