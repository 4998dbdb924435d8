"""What can be done where a remote student could not be asked: said under the answer, with a button that leads there."""

from __future__ import annotations

from dataclasses import dataclass

from forge_desktop.chat.records import ChatMessage


@dataclass(frozen=True)
class Mend:
    """`title` is what to do, `action` the words of the button, `place` the pane it leads to; "" asks again."""

    title: str
    action: str
    place: str
    second: str = "Open Students"


_PLACES = {
    # ForgeError.code: (what to do where the error does not say, the button, the pane)
    "OFFLINE": ("Switch Offline off to ask again, or choose a student on this computer.", "Open Settings", "settings"),
    "CAP": ("Raise the cap to ask again, or choose a student on this computer.", "Open Distill", "distill"),
    "LEDGER": ("Look at the ledger to ask again, or choose a student on this computer.", "Open Distill", "distill"),
    "CALL": ("Ask again, or choose a student on this computer.", "Ask again", ""),
}


def mend_of(message: ChatMessage) -> Mend | None:
    """The way on after an answer that the documents had to give alone; None where there is none to show."""
    error = message.provenance.get("error")
    known = _PLACES.get(str(error.get("code"))) if isinstance(error, dict) else None
    if message.state != "complete" or known is None:
        return None
    return Mend(*known)
