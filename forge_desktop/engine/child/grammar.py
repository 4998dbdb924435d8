"""What an answer must look like, as GBNF: checked and bounded before llama.cpp sees it; JSON schemas are translated.

A grammar is foreign text that native code will parse by recursion: one that is too large or too deep is refused in
words here. Of a schema, llama.cpp's converter knows types, properties, items, enumerations, references, patterns and
lengths; it leaves limits of numbers to whoever reads the answer.
"""

from __future__ import annotations

import json
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import Sampling

_LONGEST = 256 * 1024  # characters of a grammar or a schema
_DEEPEST = 128  # brackets within brackets
_MOST_PARTS = 10_000  # values in a schema
_MOST_PROPERTIES = 200  # of one object: the converter's work grows with their third power
_MOST_TIMES = 1000  # an item or character repeated
_TIMES = ("minItems", "maxItems", "minLength", "maxLength")


def gbnf(sampling: Sampling) -> str:
    """The grammar that an answer must follow, or "". Raises ForgeError in words."""
    if sampling.grammar and sampling.schema:
        raise trouble("GRAMMAR_BAD.both")
    if sampling.schema:
        return _from_schema(sampling.schema)
    if sampling.grammar:
        _refuse_unfit(sampling.grammar)
    return sampling.grammar


def unusable(reason: str) -> ForgeError:
    """The error for a grammar that llama.cpp does not take, with its reason."""
    return trouble("GRAMMAR_BAD", reason=reason)


def _refuse_unfit(text: str) -> None:
    if len(text) > _LONGEST:
        raise unusable(f"it has {len(text):,} characters, and {_LONGEST:,} are the most")
    if "\0" in text:
        raise unusable("it holds a zero character")
    if _depth(text) > _DEEPEST:
        raise unusable(f"its brackets are nested more than {_DEEPEST} deep")


def _depth(text: str) -> int:
    """How deep round brackets are nested, those in literals and in sets of characters not counted."""
    depth = deepest = place = 0
    inside = ""
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            place += 1
        elif inside:
            inside = "" if letter == inside else inside
        elif letter in '"[#':
            inside = {'"': '"', "[": "]", "#": "\n"}[letter]
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            deepest = max(deepest, depth)
        place += 1
    return deepest


def _from_schema(text: str) -> str:
    if len(text) > _LONGEST:
        raise _bad_schema(f"it has {len(text):,} characters, and {_LONGEST:,} are the most")
    try:
        schema = json.loads(text)
        if not isinstance(schema, dict):
            raise _bad_schema("it is not a JSON object")
        _refuse_vast(schema)
        grammar = _converted(schema)
    except RecursionError as error:
        raise _bad_schema("it is nested too deeply") from error
    except (ValueError, AssertionError, LookupError, TypeError, AttributeError) as error:
        raise _bad_schema(" ".join(str(error).split())[:200] or "it cannot be read") from error
    _refuse_unfit(grammar)
    return grammar


def _refuse_vast(schema: Any) -> None:
    waiting, parts = [(schema, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        parts += 1
        if parts > _MOST_PARTS:
            raise _bad_schema(f"it has more than {_MOST_PARTS:,} parts")
        if depth > _DEEPEST:
            raise _bad_schema("it is nested too deeply")
        if isinstance(value, dict):
            _refuse_much(value)
        if isinstance(value, (dict, list)):
            waiting += [(part, depth + 1) for part in (value.values() if isinstance(value, dict) else value)]


def _refuse_much(value: dict[str, Any]) -> None:
    properties = value.get("properties")
    if isinstance(properties, dict) and len(properties) > _MOST_PROPERTIES:
        raise _bad_schema(f"an object has {len(properties):,} properties, and {_MOST_PROPERTIES} are the most")
    for name in _TIMES:
        times = value.get(name)
        if isinstance(times, int | float) and not 0 <= times <= _MOST_TIMES:
            raise _bad_schema(f"{name} is {times:,}, and 0 to {_MOST_TIMES:,} are possible")
    pattern = value.get("pattern")
    if isinstance(pattern, str):
        numbers = "".join(letter if letter.isdigit() else " " for letter in pattern).split()
        if len(pattern) > _MOST_TIMES or any(len(number) > 4 or int(number) > _MOST_TIMES for number in numbers):
            raise _bad_schema(f"a pattern is longer or repeats more than {_MOST_TIMES:,} times")


class _References(dict[str, Any]):
    """What "#/…" in a schema points to."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def __missing__(self, reference: str) -> Any:
        start, *steps = reference.split("/")
        if start != "#":
            raise ValueError(f"{reference[:80]} points outside of it")
        found: Any = self._schema
        for step in steps:
            step = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            elif isinstance(found, dict) and step in found:
                found = found[step]
            else:
                raise ValueError(f"{reference[:80]} points nowhere")
        return found


def _converted(schema: dict[str, Any]) -> str:
    from forge_desktop.engine.child import native  # noqa: F401 - enters the package without running it

    from llama_cpp import llama_grammar  # isort: skip

    # WORKAROUND it spells a repetition out, bracket within bracket for each time.
    llama_grammar._build_repetition = _repeated
    names: dict[str, str] = {}

    class Converter(llama_grammar.SchemaConverter):  # type: ignore[misc] # the package is not typed
        """llama.cpp's converter with three of its faults mended."""

        def _format_literal(self, literal: str) -> str:
            # WORKAROUND it leaves backslashes as they are, so that a quotation mark in a name ends the literal.
            text = json.dumps(json.loads(literal), ensure_ascii=False)
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

        def _resolve_ref(self, reference: str) -> str:
            # WORKAROUND it names a referenced rule after the last step of its path, so that two of them, or one
            # called like a type, are taken for the same; and below a reference at the top it looks no further.
            if reference not in names:
                last = llama_grammar.INVALID_RULE_CHARS_RE.sub("-", reference.split("/")[-1])
                name = names[reference] = f"ref{len(names)}-{last}"
                made = self.visit(self._refs[reference], name)
                self._rules.setdefault(name, made)
            return names[reference]

    converter = Converter(prop_order={}, allow_fetch=False, dotall=False, raw_pattern=False)
    converter._refs = _References(schema)
    converter.visit(schema, "")
    grammar: str = converter.format_grammar()
    return grammar


def _repeated(
    rule: str, least: int, most: int | None, separator_rule: str | None = None, item_rule_is_literal: bool = False
) -> str:
    if most is not None and most < least:
        raise ValueError(f"at least {least} and at most {most} is impossible")
    if most == 0:
        return '""'
    if separator_rule is None:
        return f"{rule}{{{least},{'' if most is None else most}}}"
    further = f"({separator_rule} {rule}){{{max(0, least - 1)},{'' if most is None else most - 1}}}"
    return f"{rule} {further}" if least else f"({rule} {further})?"


def _bad_schema(reason: str) -> ForgeError:
    return trouble("GRAMMAR_BAD.schema", reason=reason.rstrip("."))
