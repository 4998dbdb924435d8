"""The options of an answer on the command line, and the verb `presets`."""

from __future__ import annotations

import argparse
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.options import FIELDS
from forge_desktop.chat.records import ChatMessage
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge

_PLAIN = ("preset", "temperature", "top_k", "top_p", "min_p", "seed", "max_tokens", "system_prompt", "think_tokens")
_FIGURES = (
    "prompt_tokens",
    "reused_tokens",
    "restored_tokens",
    "answer_tokens",
    "drafted",
    "accepted",
    "ttft_ms",
    "thought_ms",
    "prompt_tokens_per_second",
    "tokens_per_second",
)


def chosen(options: argparse.Namespace) -> dict[str, Any]:
    """What the flags choose, as a conversation's options. Raises ForgeError for an unknown option or value."""
    changes: dict[str, Any] = {}
    for key in _PLAIN:
        if (value := getattr(options, key, None)) is not None:
            changes[key] = value
    if stops := getattr(options, "stop", None):
        changes["stop"] = "\n".join(text.replace("\n", "\\n") for text in stops)
    for assignment in getattr(options, "further", None) or ():
        key, equals, text = assignment.partition("=")
        key = key.strip().replace("-", "_")
        if key not in FIELDS:
            names = ", ".join(name for name, made in FIELDS.items() if made.metadata["group"] != "Student")
            raise ForgeError(f"{key!r} is no option of an answer.", hint=f"Write NAME=VALUE; names: {names}.")
        if not equals:
            raise ForgeError(f"The option {key} has no value.", hint=f"Write {key}=VALUE, without blanks.")
        changes[key] = _value(key, text)
    return changes


def _value(key: str, text: str) -> object:
    kind: Any = type(FIELDS[key].default)
    if kind is str:
        return text
    try:
        return kind(text)
    except ValueError:
        return text  # the check says what is wrong with it


def figures(message: ChatMessage) -> dict[str, object]:
    """How an answer was made, for its JSON object; null where no student answered."""
    facts = message.provenance
    return {
        **{name: facts.get(name) for name in _FIGURES},
        "preset": facts.get("preset"),
        "sampling": facts.get("sampling"),
        "thinking": message.thinking,
        "left_out": facts.get("cut") or [],
    }


def presets(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """List the presets, after saving, renaming or deleting one."""
    book = forge.chat.options
    if options.save:
        book.save_preset(options.save, book.resolved(None, chosen(options)).choosing())
    elif options.rename:
        book.rename_preset(*options.rename)
    elif options.delete:
        book.delete_preset(options.delete)
    made = book.presets()
    out.result(
        {
            "presets": [
                {"name": p.name, "key": p.key, "built_in": p.built_in, "help": p.help, "values": dict(p.values)}
                for p in made
            ]
        }
    )
    width = max(len(preset.name) for preset in made)
    for preset in made:
        said = preset.help if preset.built_in else _told(dict(preset.values))
        out.line(f"{preset.name.ljust(width)}  {said}")
    return 0


def _told(values: dict[str, Any]) -> str:
    """What differs from a plain choice of words."""
    said = [f"{key}={values[key]:g}" for key in FIELDS if key in values and values[key] != FIELDS[key].default]
    return ", ".join(said) or "as Precise"
