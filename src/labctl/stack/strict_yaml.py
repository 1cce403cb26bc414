"""YAML read strictly and with positions; shared by the stack, the SLOs and the scenarios.

    document = read(path)  or  parse(text, name)         InvalidFile: every mistake with file:line:column
    document.data                                        plain dict / list / str / int / float / bool / None
    document.position(("faults", 0, "deploy"))           (line, column) of that value, from 1
    document.position(("faults", 0, "deploy"), key=True) … of the key that introduces it
    document.mistake(path, "message", "did you mean …")  a Mistake at that place, for InvalidFile
    did_you_mean("chekout", known)                       "did you mean 'checkout'?" or None

Only `true`, `false`, `null`, `~`, decimal integers and decimals with a point are not text: `on`, `yes`,
`1:30`, `010`, `0x1F`, `1e3`, `1_000`, dates and versions stay as they were written. Keys are always
text. A key twice in one mapping, an anchor twice, a tag, a second document and an alias inside itself are
mistakes.
Anchors and merge keys (`<<`) work as in Compose: what is written beside `<<` wins.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError
from yaml.resolver import Resolver

from labctl.errors import InvalidFile, Mistake

_NULL = re.compile(r"~|null|")
_BOOLEAN = re.compile(r"true|false")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)\.\d+")
_TAG = "tag:yaml.org,2002:"
_SYNTAX = (yaml.MarkedYAMLError, ReaderError)

Place = tuple[str | int, ...]
"""A place in a document: keys and list indices from its root."""


@dataclass(frozen=True)
class Document:
    """A file's plain data, and where each part of it was written."""

    file: str
    data: Any
    _values: dict[Place, tuple[int, int]] = field(default_factory=dict, repr=False)
    _keys: dict[Place, tuple[int, int]] = field(default_factory=dict, repr=False)

    def position(self, path: Sequence[str | int] = (), *, key: bool = False) -> tuple[int, int]:
        """Line and column of the value at `path`, or with `key` of the key that introduces it.

        Elements of `path` that the document does not have are passed over, so that a missing key is
        reported at the mapping that lacks it.
        """
        found: Place = ()
        for element in path:
            if (*found, element) in self._values:
                found = (*found, element)
        if key and found in self._keys:
            return self._keys[found]
        return self._values.get(found, (1, 1))

    def with_data(self, data: Any) -> Document:
        """The same places with other data, for a reader that leaves parts out."""
        return replace(self, data=data)

    def mistake(
        self, path: Sequence[str | int], message: str, suggestion: str | None = None, *, key: bool = False
    ) -> Mistake:
        line, column = self.position(path, key=key)
        return Mistake(self.file, line, column, message, suggestion)


def read(path: Path) -> Document:
    """The document in a file; InvalidFile when it is unreadable, not UTF-8 or not strict YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidFile([Mistake(str(path), 1, 1, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidFile([Mistake(str(path), line, 1, "is not UTF-8 text")]) from None
    return parse(text, str(path))


@lru_cache(maxsize=128)  # a file is read for one thing after another
def parse(text: str, name: str) -> Document:
    """The document in `text`; `name` is the file that mistakes are reported against."""
    try:
        root = _Composing(text).get_single_node()
    except _SYNTAX as error:
        raise InvalidFile([_syntax_mistake(name, text, _in_better_words(text) or error)]) from None
    reader = _Reader(name)
    data = reader.plain(root, ()) if root is not None else None
    if reader.mistakes:
        raise InvalidFile(sorted(set(reader.mistakes)))
    return Document(name, data, reader.values, reader.keys)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The nearest of the known words as a question, or None when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None


def _syntax_mistake(name: str, text: str, error: yaml.MarkedYAMLError | ReaderError) -> Mistake:
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Mistake(name, line, column, str(error).splitlines()[0])
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = "; ".join(part for part in (error.context, error.problem) if part)
    return Mistake(name, line, column, said or "is not YAML")


class _Composing(Composer, CParser, Resolver):
    """Nodes of libyaml's events, made in Python: made in C, a file that is nested without end is a crash."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)


def _in_better_words(text: str) -> yaml.MarkedYAMLError | ReaderError | None:
    """The mistake as the slow parser tells it: it names and counts characters, where libyaml counts bytes."""
    try:
        yaml.compose(text, Loader=yaml.SafeLoader)
    except _SYNTAX as error:
        return error
    return None


class _Reader:
    """Turns nodes into plain data, noting every position and collecting every mistake."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.values: dict[Place, tuple[int, int]] = {}
        self.keys: dict[Place, tuple[int, int]] = {}
        self.mistakes: list[Mistake] = []
        self._open: list[Node] = []

    def plain(self, node: Node, path: Place) -> Any:
        self.values[path] = _mark(node)
        if not str(node.tag).startswith(_TAG):
            self._wrong(node, f"the tag {node.tag!s} is not allowed here; write plain values")
        if any(outer is node for outer in self._open):
            self._wrong(node, "an alias inside what it stands for has no end")
            return None
        self._open.append(node)
        try:
            return self._value(node, path)
        finally:
            self._open.pop()

    def _value(self, node: Node, path: Place) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node) if isinstance(node, ScalarNode) else None

    def _mapping(self, node: MappingNode, path: Place) -> dict[str, Any]:
        written: dict[str, tuple[int, int]] = {}
        merges: list[Node] = []
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong(key, "a key is one word of text, not a list or a mapping")
                continue
            name = str(key.value)
            if name in written:
                self._wrong(key, f"the key {name!r} is here twice; it was first on line {written[name][0]}")
                continue
            written[name] = _mark(key)
            if name == "<<" and not key.style:
                merges = value.value if isinstance(value, SequenceNode) else [value]
                continue
            self.keys[(*path, name)] = _mark(key)
            data[name] = self.plain(value, (*path, name))
        for source in merges:
            self._merge(source, data, path)
        return data

    def _merge(self, source: Node, into: dict[str, Any], path: Place) -> None:
        if not isinstance(source, MappingNode):
            self._wrong(source, "`<<` merges mappings, and this is none")
            return
        inner = _Reader(self.file)
        inner._open = self._open
        merged = inner.plain(source, path)
        self.mistakes += inner.mistakes
        if merged is None:
            return
        taken = {name for name in merged if name not in into}
        into |= {name: value for name, value in merged.items() if name in taken}
        depth = len(path)
        for mine, theirs in ((self.values, inner.values), (self.keys, inner.keys)):
            mine |= {at: place for at, place in theirs.items() if len(at) > depth and at[depth] in taken}

    def _wrong(self, node: Node, message: str) -> None:
        line, column = _mark(node)
        self.mistakes.append(Mistake(self.file, line, column, message))


def _mark(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _scalar(node: ScalarNode) -> str | int | float | bool | None:
    text = str(node.value)
    if node.style or str(node.tag) == _TAG + "str":
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
