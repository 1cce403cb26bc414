"""A proof in print: one line per check as it is made, then what it comes to."""

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from labctl.cli.terminal import out, paint
from labctl.clock import duration

if TYPE_CHECKING:
    from labctl.proof import Check, Proof
    from labctl.proving.flakes import Flake

_COLUMNS = 80
_MARKS = {
    "passed": ("ok", "green"),
    "failed": ("FAIL", "red"),
    "could not judge": ("??", "yellow"),
    "cannot run here": ("n/a", "yellow"),
    "not tried": ("-", "dim"),
}


def print_check(check: "Check", write: Callable[[str], None] = out) -> None:
    """The check's line, at once: what was measured against what is required, and the margin."""
    mark, style = _MARKS[str(check.outcome)]
    head, *rest = check_lines(check)
    write("\n".join([f"{paint(mark.ljust(4), style)}  {head}", *(f"{'':6}{line}" for line in rest)]))


def check_lines(check: "Check") -> list[str]:
    """`phase  name: said (margin 40 %, 1.2 s)`, wrapped under itself."""
    notes = []
    if check.margin is not None and check.margin >= 0:  # an overdrawn one is said in words
        notes.append(f"margin {check.margin * 100:.0f} %{', thin' if check.thin else ''}")
    if check.took_s is not None:
        notes.append(duration(check.took_s))
    tail = f" ({', '.join(notes)})" if notes else ""
    text = f"{check.phase:<8}  {check.name}: {check.said}{tail}"
    return textwrap.wrap(text, _COLUMNS - 6, subsequent_indent=" " * 10, break_on_hyphens=False)


def concluding(proof: "Proof") -> "list[Check]":
    """The checks that only the whole run could make: evidence in the siblings, and what they try instead."""
    return [check for check in proof.checks if check.phase == "siblings" or check.outcome == "not tried"]


def print_proof(proof: "Proof", write: Callable[[str], None] = out) -> None:
    """What the proof of one scenario comes to, in one line; thin margins are counted."""
    thin = sum(check.thin for check in proof.checks)
    style = {0: "green", 1: "red", 3: "yellow"}[proof.exit_code]
    counts = _counts(proof)
    if thin:
        counts += f", {thin} with a thin margin"
    summary = f"{proof.scenario}: {paint(proof.word, style)} on {proof.runtime}, in {duration(proof.took_s)}"
    write(f"{summary} ({counts})")
    if said := conditions_line(proof):
        write(textwrap.fill(said, _COLUMNS, initial_indent="  ", subsequent_indent="  "))


def conditions_line(proof: "Proof") -> str:
    """How busy the machine was at baseline and how late the load, over all attempts."""
    if not proof.conditions:
        return ""
    cpu = [each.cpu_share for each in proof.conditions]
    late = sum(each.late_seconds for each in proof.conditions)
    seconds = sum(each.seconds for each in proof.conditions)
    worst = max(each.late_p99_ms for each in proof.conditions)
    between = " to ".join(dict.fromkeys((f"{min(cpu):.0%}", f"{max(cpu):.0%}")))
    return (
        f"measured with {between} of {proof.conditions[0].cores} cores busy at baseline; the load was late "
        f"by {worst:g} ms (p99) at worst, over 50 ms in {late} of {seconds} s"
    )


def _counts(proof: "Proof") -> str:
    from labctl.proof import Grade

    found = [f"{proof.count(grade)} {grade}" for grade in Grade if proof.count(grade)]
    return ", ".join(found) or "nothing was checked"


def exit_code(codes: Sequence[int]) -> int:
    """Over many proofs 1 beats 3 beats 0; none at all is no proof."""
    if not codes:
        return 3
    return next((code for code in (1, 3) if code in codes), max(codes))


def exit_code_of(proofs: "Sequence[Proof]", *, allow_cannot_run: bool = False) -> int:
    """The exit code of a run; what this machine lacks may be allowed, and never hides a failure."""
    return exit_code([0 if allow_cannot_run and proof.cannot_run else proof.exit_code for proof in proofs])


def document_of(proofs: "Sequence[Proof]", flakes: "Sequence[Flake]" = (), code: int = 3) -> dict[str, Any]:
    """For machines: every proof with its checks, the flakes, and the exit code of them all."""
    plain = [{key: value for key, value in proof.to_plain().items() if key != "version"} for proof in proofs]
    return {"exit_code": code, "proofs": plain, "flakes": [flake.to_plain() for flake in flakes]}
