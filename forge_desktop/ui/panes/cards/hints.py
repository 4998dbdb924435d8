"""What the cards' rooms say, in the words of the window: a hint names a button, not a command of the command line."""

from __future__ import annotations

import re

from forge_desktop.ui.widgets.basics import Banner

_NAME = r"[^\s`).]+(?:\.[^\s`).]+)*"
_WINDOW: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"No card is called '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'\.", "That card is not here any more."),
        (rf"Reopen it first: forge-desktop card reopen {_NAME}", "Press Reopen first."),
        (rf" \(forge-desktop card fill {_NAME}\)", ""),
        (r", or with forge-desktop teachers price(?=\.)", ""),
        (r"`forge-desktop gate` does\.", "Students, Gate… does."),
        (r" by `forge-desktop gate --retrieval`, for a suite", " by a gate of retrieval, for a suite"),
        (r", or run `forge-desktop measure`", ""),
        (r"`forge-desktop card list` names them\.", "The list at the left has those that are here."),
        (r"`card show` names them\.", "The form has those that there are."),
    )
)


def in_window(text: str) -> str:
    """The text without commands that cannot be run beside the window."""
    for pattern, words in _WINDOW:
        text = pattern.sub(words, text)
    return text


class CardBanner(Banner):
    """A banner whose hints are the window's."""

    def show_message(
        self, title: str, text: str = "", *, kind: str = "bad", action: str = "", second: str = ""
    ) -> None:
        super().show_message(in_window(title), in_window(text), kind=kind, action=action, second=second)
