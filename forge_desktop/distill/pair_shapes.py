"""Recognises rows that are finished pairs rather than tasks, by the names of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Set

# All fields of one of these sets, with something in them: what other programs and the original system write.
_SHAPES: tuple[tuple[str, Set[str], Set[str]], ...] = (  # name, must be there, must hold something
    ("REPAIR_PAIR", {"draft", "final"}, {"final"}),
    ("TRAIN_PAIR", {"prompt", "final"}, {"final"}),
    ("TRAIN_PAIR", {"instruction", "completion"}, {"completion"}),
    ("dpo", {"prompt", "chosen", "rejected"}, {"chosen"}),
    ("dpo", {"chosen", "rejected"}, {"chosen"}),
    ("prompt-completion", {"prompt", "completion"}, {"completion"}),
    ("alpaca", {"instruction", "input", "output"}, {"output"}),
    ("openai", {"messages"}, {"messages"}),
    ("sharegpt", {"conversations"}, {"conversations"}),
)
_KINDS = ("TRAIN_PAIR", "REPAIR_PAIR")


def shape(fields: Mapping[str, object]) -> str:
    """The shape's name, "" for a row that is a task or nothing known."""
    for name in ("kind", "type"):
        if isinstance(kind := fields.get(name), str) and kind in _KINDS:
            return kind
    for name, needed, filled in _SHAPES:
        if needed <= fields.keys() and all(fields[each] for each in filled):
            return name if name not in ("openai", "sharegpt") or _answered(fields) else ""
    return ""


def _answered(fields: Mapping[str, object]) -> bool:
    """Whether somebody answers in a conversation: with only a question it is no pair."""
    turns = fields.get("messages") or fields.get("conversations")
    if not isinstance(turns, list):
        return False
    said = [turn.get("role", turn.get("from")) for turn in turns if isinstance(turn, dict)]
    return any(who in ("assistant", "gpt", "model", "bot") for who in said)
