"""What became of files that were brought in together: one message for all of them, once the last has arrived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.records import BroughtIn, Card
from forge_desktop.ui.widgets.words import count_words, own_direction, safe_words

_NAMED = 6  # files that are named; of more it is said how many
Say = Callable[[str, str, str, str], None]  # the kind of banner, a title, a text, and the card whose source to mend


class Arrivals:
    """Collects them. `opens` is told the uid of a card that came alone, `say` what there is to say."""

    def __init__(self, paths: Sequence[Path], opens: Callable[[str], None], say: Say) -> None:
        self._waiting = len(paths)
        self._alone = len(paths) == 1
        self._opens, self._say = opens, say
        self._came: list[tuple[Path, Card]] = []
        self._failed: list[tuple[Path, ForgeError | None]] = []

    def came(self, path: Path, card: object) -> None:
        """A card is there."""
        if isinstance(card, Card):
            self._came.append((path, card))
        self._one_less()

    def failed(self, path: Path, error: ForgeError | None) -> None:
        """A file could not be read, or its import was given up (None)."""
        self._failed.append((path, error))
        self._one_less()

    def _one_less(self) -> None:
        self._waiting -= 1
        if self._waiting:
            return
        if self._alone and self._came:
            self._opens(self._came[0][1].uid)
        broken = [(path, card) for path, card in self._came if card.broken is not None]
        wrong = [(path, error) for path, error in self._failed if error is not None]
        partly = [(path, card) for path, card in self._came if isinstance(card, BroughtIn) and card.refused]
        said = [_broken(path, card, alone=self._alone) for path, card in broken]
        said += [_refused(path, card, alone=self._alone) for path, card in partly]
        said += [f"{safe_words(path.name)}: {error.message} {error.hint}".strip() for path, error in wrong]
        if self._alone and not said:
            said = ["It stands in the list of cards."]
        if len(said) > _NAMED:
            said = [*said[:_NAMED], f"And {len(said) - _NAMED} more."]
        if self._came or wrong:
            self._say(
                "bad" if wrong else "warn" if broken or partly else "ok",
                self._title(len(broken), wrong),
                "\n".join(said),
                broken[0][1].uid if len(broken) == 1 else "",
            )

    def _title(self, broken: int, wrong: Sequence[tuple[Path, ForgeError | None]]) -> str:
        if self._alone and wrong:
            return f"{safe_words(wrong[0][0].name)} could not be imported."
        if self._alone and broken:
            return f"{safe_words(self._came[0][0].name)} cannot be read as a card yet"
        if self._alone:
            return f"{own_direction(safe_words(self._came[0][1].name))} is imported."
        parts = [f"{count_words(len(self._came), 'card is', 'cards are')} imported"]
        parts += [f"{broken} of them cannot be read as a card yet"] if broken else []
        parts += [f"{count_words(len(wrong), 'file')} could not be imported"] if wrong else []
        return f"{', '.join(parts)}."


def _refused(path: Path, card: BroughtIn, *, alone: bool) -> str:
    """What of a file could not be taken, and is only in the card's text."""
    said = [safe_words(problem.message) for problem in card.refused[:_NAMED]]
    said += [f"And {len(card.refused) - _NAMED} more."] if len(card.refused) > _NAMED else []
    return "\n".join(said) if alone else f"{safe_words(path.name)}: {' '.join(said)}"


def _broken(path: Path, card: Card, *, alone: bool) -> str:
    """Why a text cannot be read as a card, and where."""
    words = ""
    if (problem := card.problem) is not None:
        at = f"Line {problem.line}, column {problem.column}: " if problem.line else ""
        words = f"{at}{problem.message}".replace(at + at, at) if at else problem.message
    if alone:
        return f"{words} Its text is kept as it is: mend it in the source, or leave it.".strip()
    return f"{safe_words(path.name)}: {words}"
