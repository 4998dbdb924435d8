"""What the frames of the child must hold: a hostile model may have taken it over, and must not confuse the window."""

from __future__ import annotations

from forge_desktop.base.child import Frame

_NUMBER = (int, float)
_SHAPES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "loading": {"fraction": _NUMBER},
    "prefill": {"share": _NUMBER},
    "prompt": {"tokens": int, "sha256": str},
    "text": {"text": str, "tokens": int},
    "counted": {"tokens": list},
    "rendered": {"text": str, "sha256": str, "tokens": int, "message_tokens": list, "context": int},
    "error": {"message": str, "hint": str, "code": str, "action": str},
}


def fits(frame: Frame) -> bool:
    """Whether it says what it is, and holds what belongs to that."""
    kind = frame.get("ev")
    wanted = _SHAPES.get(kind, {}) if isinstance(kind, str) else {"ev": str}
    return all(isinstance(frame.get(name), form) for name, form in wanted.items())
