# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""YAML and JSON of which nothing is known: plain data comes out, or one kind of error that names the line.

What YAML can do beyond data is refused before it costs anything: aliases that multiply, anchors that hold themselves,
depth, keys that are no texts or there twice.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.table_text import lines_of

MOST_DEPTH = 30
_MOST_NODES = 2_000_000  # aliases counted each time: some hundred thousand exceptions
_LINE_SEPARATORS = re.compile("[\x85\u2028\u2029]")  # ends of lines to YAML 1.1, part of the text to an editor
_SURROGATE = re.compile("[\ud800-\udfff]")
_JSON_PARTS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_SHOWN = 60

# Takes what stands behind a !vault tag, and gives the text; a ValueError says why it can't.
Decrypt = Callable[[str], str]


class YamlTextError(ValueError):
    """The text can't be read; the message names the line."""


def read_yaml(text: str, decrypt: Decrypt | None = None) -> Any:
    """What the text holds: dates as dates, and nothing but plain types.

    :raises YamlTextError: nothing usable.
    """
    text = text.lstrip("\ufeff")
    odd = _LINE_SEPARATORS.search(text)
    if odd:
        line = len(lines_of(text[: odd.start()]))
        raise YamlTextError(f"line {line} holds U+{ord(odd[0]):04X}, an invisible end of a line: take it out")
    try:
        loader = _Loader(text)
        loader.decrypt = decrypt
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise YamlTextError(f"broken YAML: {_where(error, text)}") from error
    except RecursionError as error:
        raise YamlTextError("broken YAML: it is nested too deeply") from error


def read_json(text: str, decrypt: Decrypt | None = None) -> Any:
    """The same of JSON, and of YAML where it isn't JSON, of which YAML takes a little less and a lot more.

    :raises YamlTextError: nothing usable.
    """
    text = text.lstrip("\ufeff")
    _check_depth(text)
    try:
        content = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except _TwiceError as error:
        raise YamlTextError(
            f"broken JSON: line {_line_of_key(text, str(error))}, the key {error} is there twice"
        ) from error
    except json.JSONDecodeError as error:
        try:
            return read_yaml(text, decrypt)
        except YamlTextError:
            raise YamlTextError(f"broken JSON: line {error.lineno}, {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise YamlTextError(f"broken JSON: {error}") from error
    if _holds_surrogate(content):
        odd = re.search(r"\\u[dD][89a-fA-F]", text)
        line = len(lines_of(text[: odd.start()])) if odd else 1
        raise YamlTextError(f"broken JSON: line {line}, half a character (a lone surrogate)")
    return content


class _Loader(yaml.SafeLoader):
    decrypt: Decrypt | None = None
    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise yaml.composer.ComposerError(
                None, None, f"nested more than {MOST_DEPTH} levels deep", self.peek_event().start_mark
            )
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Whatever goes wrong with a value becomes an error that says where."""
        try:
            value = super().construct_object(node, deep=deep)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            kind = node.tag.rpartition(":")[2]
            shown = ascii(str(node.value)[:_SHOWN]) if isinstance(node, yaml.ScalarNode) else "what is here"
            raise _error(node, f"{shown} is no {kind}") from error
        if isinstance(value, str) and _SURROGATE.search(value):
            raise _error(node, "half a character (a lone surrogate)")
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuses a key that is there twice: the first would be lost without a word, exceptions and all."""
        seen: set[str] = set()
        for key_node, _value in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key_node, yaml.ScalarNode):
                raise _error(key_node, "a key that is a list or a mapping")
            if key_node.tag == "tag:yaml.org,2002:null":
                raise _error(key_node, "a key that is null or nothing")
            if key_node.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"):
                raise _error(key_node, f"the key {key_node.value[:_SHOWN]} isn't a text: put it in quotes")
            if key_node.value in seen:
                raise _error(key_node, f"the key {key_node.value[:_SHOWN]!r} is there twice")
            seen.add(key_node.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_date(self, node: yaml.ScalarNode) -> datetime.date:
        try:
            value: datetime.date = self.construct_yaml_timestamp(node)
        except (ValueError, OverflowError) as error:
            raise _error(node, f"{node.value[:_SHOWN]} isn't a day of the calendar") from error
        return value

    def construct_vault(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise _error(node, "!vault is for a text")
        if self.decrypt is None:
            raise _error(node, "a value is encrypted by ansible-vault, which can't be decrypted here")
        try:
            return self.decrypt(node.value)
        except ValueError as error:
            raise _error(node, f"a value is encrypted by ansible-vault: {error}") from error

    def construct_unsafe(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise _error(node, "!unsafe is for a text")
        return str(node.value)

    def construct_other(self, node: yaml.Node) -> Any:
        raise _error(node, f"the tag {node.tag.removeprefix('tag:yaml.org,2002:')[:_SHOWN]!r}, which has no place here")


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_date)
for _tag in ("!vault", "!vault-encrypted"):
    _Loader.add_constructor(_tag, _Loader.construct_vault)
_Loader.add_constructor("!unsafe", _Loader.construct_unsafe)
for _tag in ("binary", "omap", "pairs", "set"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_other)
_Loader.add_constructor(None, _Loader.construct_other)


def _error(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _check_size(root: yaml.Node) -> None:
    """
    :raises yaml.YAMLError: a node holds itself, or what aliases and merges make of it all is too much.
    """
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[yaml.Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            open_nodes.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in _children(node))
            if sizes[id(node)] > _MOST_NODES:
                raise _error(node, "aliases make too much of it")
        elif id(node) in open_nodes:
            raise _error(node, "an anchor refers to itself")
        elif id(node) not in sizes:
            open_nodes.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in _children(node))


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _where(error: yaml.YAMLError, text: str) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        line = len(lines_of(text[: error.position]))
        character = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")
        return f"line {line}, the character U+{character:04X} has no place in a text"
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    if problem == "but found another document":
        problem = "a second document begins; give one"
    return f"line {mark.line + 1}, {problem}" if mark else str(problem)


# JSON ----------------------------------------------------------------------------------------------------------------


class _TwiceError(ValueError):
    """A key is there twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise _TwiceError(ascii(key[:_SHOWN]))
        content[key] = value
    return content


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} isn't a value of JSON")


def _check_depth(text: str) -> None:
    depth = 0
    for part in _JSON_PARTS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(part[0], 0)
        if depth > MOST_DEPTH:
            line = len(lines_of(text[: part.start()]))
            raise YamlTextError(f"broken JSON: line {line}, nested more than {MOST_DEPTH} levels deep")


def _line_of_key(text: str, key: str) -> int:
    """Of the second of two keys of an object, as YAML finds it; the last place of such a key where it doesn't."""
    try:
        read_yaml(text.replace("\t", " "))
    except YamlTextError as error:
        told = re.search(r"line (\d+), the key .* is there twice", str(error))
        if told:
            return int(told[1])
    places = [match.start() for match in re.finditer(re.escape(json.dumps(key.strip("'"))) + r"\s*:", text)]
    return len(lines_of(text[: places[-1]])) if places else 1


def _holds_surrogate(value: Any) -> bool:
    if isinstance(value, str):
        return _SURROGATE.search(value) is not None
    if isinstance(value, Mapping):
        return any(_holds_surrogate(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_holds_surrogate, value))
