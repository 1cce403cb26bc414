"""Proofs as JUnit XML: a suite per proof, a case per check, margins and conditions as properties."""

from __future__ import annotations

import re
from collections.abc import Sequence

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from labctl.proof import Check, Grade, Proof
from labctl.proving.flakes import Flake


def junit(proofs: Sequence[Proof], flakes: Sequence[Flake] = ()) -> str:
    """The whole document, valid against the schema that pytest's own XML is tested with."""
    document = JUnitXml("labctl verify")
    for proof in proofs:
        document.add_testsuite(_suite(proof, [each for each in flakes if each.scenario == proof.scenario]))
    suites = list(document)
    document.tests = sum(suite.tests for suite in suites)  # by hand: only suites may count what was skipped
    document.failures = sum(suite.failures for suite in suites)
    document.errors = sum(suite.errors for suite in suites)
    document.time = round(sum(proof.took_s for proof in proofs), 3)
    return str(document.tostring().decode())  # type: ignore[no-untyped-call]


def _suite(proof: Proof, flakes: Sequence[Flake]) -> TestSuite:
    suite = TestSuite(proof.scenario if proof.run == 1 else f"{proof.scenario} (run {proof.run})")
    for name, value in _properties(proof):
        suite.add_property(name, value)
    times: dict[str, int] = {}
    for check in proof.checks:
        name = f"{check.phase} {check.name}"
        times[name] = times.get(name, 0) + 1
        suite.add_testcase(_case(proof, check, name if times[name] == 1 else f"{name} ({times[name]})"))
    for number, flake in enumerate(flakes, start=1):
        suite.add_property(f"flake.{number}", _plain(str(flake)))
    suite.update_statistics()  # type: ignore[no-untyped-call]
    suite.time = round(proof.took_s, 3)  # all of it, and not the sum of what the checks took
    return suite


def _case(proof: Proof, check: Check, name: str) -> TestCase:
    case = TestCase(
        _plain(name), classname=f"{proof.scenario}.{check.phase}", time=round(check.took_s or 0.0, 3)
    )
    said = _plain(check.said)
    match check.outcome:
        case Grade.FAILED:
            case.result = [Failure(said, str(check.outcome))]
        case Grade.UNJUDGED | Grade.CANNOT_RUN:
            case.result = [Error(said, str(check.outcome))]
        case Grade.NOT_TRIED:
            case.result = [Skipped(said, str(check.outcome))]
        case Grade.PASSED:
            case.system_out = said
    return case


def _properties(proof: Proof) -> list[tuple[str, str]]:
    """What a suite's numbers are read by: runtime, margins by check, and the conditions of each attempt."""
    found = [("runtime", proof.runtime), ("exit_code", str(proof.exit_code))]
    found += [
        (_plain(f"margin.{check.phase}.{check.name}"), f"{check.margin:.3f}")
        for check in proof.checks
        if check.margin is not None
    ]
    for each in proof.conditions:
        found.append((_plain(f"cpu.{each.part}"), f"{each.cpu_share:.3f}"))
        found.append((_plain(f"late_p99_ms.{each.part}"), f"{each.late_p99_ms:g}"))
    return found


def _plain(text: str) -> str:
    """Without what no XML may hold: control characters, lone surrogates, and two that are no characters."""
    return re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
