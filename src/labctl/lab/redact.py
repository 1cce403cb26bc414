"""What is kept of a command line or a statement: never a password, whoever's it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

HIDDEN = "***"
_RULES = (
    re.compile(r"(?i)(\bpassword\s+(?:=\s*)?')(?:[^']|'')*(?=')"),  # alter role shop password '…'
    re.compile(r"(?i)(\b[\w-]*(?:password|passwd|secret|token|api_?key)[\w-]*\s*[=:]\s*)[^\s'\"&]+"),
    re.compile(r"(\w+://[^\s:/@]*:)[^\s@/]+(?=@)"),  # postgres://shop:…@host
)
_TAKES_ONE = frozenset({"auth", "requirepass", "masterauth", "-a", "--pass", "--password", "identified"})


def redacted(words: Sequence[str], secrets: Iterable[str] = ()) -> list[str]:
    """The words without what is, or looks like, a secret."""
    known = sorted((each for each in secrets if each), key=len, reverse=True)
    found: list[str] = []
    for word in words:
        hide = bool(found) and found[-1].lower() in _TAKES_ONE
        found.append(HIDDEN if hide else _without(word, known))
    return found


def _without(text: str, known: Sequence[str]) -> str:
    for secret in known:
        text = text.replace(secret, HIDDEN)
    for rule in _RULES:
        text = rule.sub(rf"\g<1>{HIDDEN}", text)
    return text
