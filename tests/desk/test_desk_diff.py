"""Diff: the true difference between releases."""

from __future__ import annotations

import pytest

from labctl.actions import steps
from labctl.actions.change import Role
from labctl.actions.perform import perform
from labctl.desk.diff import difference
from labctl.errors import UsageError
from labctl.lab.lab import Lab


def deploy(lab: Lab, release: str) -> None:
    step = steps.parse({"deploy": {"component": "checkout", "release": release}})
    perform(lab, step, role=Role.FAULT, by="drill")


def test_by_default_it_is_what_the_last_deploy_changed(lab: Lab) -> None:
    """From what ran before, not from what is listed before."""
    deploy(lab, "2.4.0")
    found = difference(lab, "checkout")
    assert (found.old.version, found.new.version, found.new.author) == ("2.3.0", "2.4.0", "dana")
    assert '-POOL = environment.whole("DB_POOL_MAX", 8)' in found.text
    assert '+POOL = environment.whole("DB_POOL_MAX", 2)' in found.text
    assert "orders.py" not in found.text


def test_any_two_releases_can_be_compared(lab: Lab) -> None:
    """The other way round as well."""
    assert "+    return 201\n" in difference(lab, "checkout", "2.3.1", "2.3.0").text


def test_one_release_is_compared_with_what_runs(lab: Lab) -> None:
    """And a release with itself does not differ."""
    assert difference(lab, "checkout", "2.3.0").text == ""


@pytest.mark.parametrize(("component", "old"), [("checkout", "9.9"), ("postgres", None), ("chekout", None)])
def test_what_does_not_exist_is_a_mistake(lab: Lab, component: str, old: str | None) -> None:
    """A release, a component without releases, a component."""
    with pytest.raises(UsageError):
        difference(lab, component, old)


def test_the_first_release_has_none_before_it(lab: Lab) -> None:
    """It says what to type instead."""
    with pytest.raises(UsageError, match=r"2\.3\.0 is the first release"):
        difference(lab, "checkout")
