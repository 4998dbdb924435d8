"""Cards leave as files: nothing private that was not revealed, nothing replaced unasked, all of it or none."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import write_atomically
from forge_desktop.cards.applicable import as_told
from forge_desktop.cards.formats import plain
from forge_desktop.cards.formats.renderers import Renderer, renderer
from forge_desktop.cards.privacy.hiding import hidden, hidden_count
from forge_desktop.cards.records import Card, Exported

if TYPE_CHECKING:
    from forge_desktop.base.jobs import JobContext
    from forge_desktop.cards.privacy.privacy import Privacy
    from forge_desktop.students.rooms import Rooms

LANE, KIND = "cards", "card export"


class Exports:
    """Renders cards and writes them. `get` finds a card by its uid, its beginning, its version's or endpoint's name."""

    def __init__(self, rooms: Rooms, privacy: Privacy, get: Callable[[str], Card]) -> None:
        self._rooms, self._privacy, self._get = rooms, privacy, get

    def render(self, card: Card | str, format: str, *, revealed: bool = False) -> bytes:
        """A card's document in a format (`renderers.RENDERERS`), without what is private unless `revealed`.

        Raises ForgeError for a card or a format that there is not, and for a card that cannot be written in it.
        """
        made = renderer(format)
        shown, _ = self._as_it_leaves(self._found(card), revealed)
        return made.render(shown)

    def content(self, card: Card | str, *, revealed: bool = False) -> dict[str, Any]:
        """The same as plain values, as the JSON has it."""
        shown, _ = self._as_it_leaves(self._found(card), revealed)
        return plain.content(shown)

    def hiding(self, card: Card | str) -> Callable[[str], str]:
        """What takes out of a text that goes along with a card whatever is hidden in the card."""
        leaks = self._privacy.scan(self._found(card))
        return self._privacy.redaction(leaks)

    def write(
        self,
        card: Card | str,
        formats: Sequence[str],
        target: Path,
        *,
        revealed: bool = False,
        replace: bool = False,
        folder: bool = False,
    ) -> int:
        """Write a card; a job whose result is a list of Exported.

        One format into a file of that name, several (or a directory that is there, or a `folder`) into a directory,
        which is made where only it is missing: README.md, .eval_results, card.json, card.cdx.json, card.spdx.json,
        card.html. A file that is there is left alone unless `replace`. Raises ForgeError for what can be seen
        beforehand; the job fails with one where the disk does not take it, and keeps nothing of it.
        """
        target = target.absolute()
        wanted = [renderer(name) for name in dict.fromkeys(formats)]
        if not wanted:
            raise ForgeError("No format was chosen.", hint="Choose one at least.")
        self._refuse(target)
        found = self._found(card)
        refuse_unreadable(found, [made.title for made in wanted if made.name != "json"])

        def job(ctx: JobContext) -> object:
            shown, left_out = self._as_it_leaves(found, revealed)
            files = _files(shown, wanted, target, ctx.check, folder=folder)
            refuse_replacing([path for path, _, _ in files], target, named_in_commands(found), replace=replace)
            return _write(files, target, left_out, ctx.check)

        return self._rooms.jobs.start(LANE, KIND, job)

    def _found(self, card: Card | str) -> Card:
        return self._get(card) if isinstance(card, str) else card

    def _as_it_leaves(self, card: Card, revealed: bool) -> tuple[Card, int]:
        card = as_told(card)
        if revealed:
            return card, 0
        leaks = self._privacy.scan(card)
        return hidden(card, leaks, self._privacy.redaction), hidden_count(leaks)

    def _refuse(self, target: Path) -> None:
        if self._rooms.data_dir.resolve() in (target.resolve(), *target.resolve().parents):
            raise ForgeError(
                f"{target} lies inside the data directory; nothing was written.",
                hint="Choose a place outside of it, so that the export survives it.",
            )
        if not target.parent.is_dir():
            raise ForgeError(
                f"{target.parent} is not there; nothing was written.",
                hint="Make that directory first, or name another.",
            )


def refuse_unreadable(card: Card, forms: Sequence[str]) -> None:
    """Raise ForgeError where a text that waits to be mended would be left out without a word in forms (by title) other
    than JSON, which holds it.
    """
    if card.broken is not None and forms:
        why = f" {card.problem.message}" if card.problem is not None else ""
        raise ForgeError(
            f"The text of {card.label or card.name} waits to be mended, it would be missing in {forms[0]}.{why}",
            hint="Mend it or undo it first. As JSON the card leaves with its text as it is.",
        )


def _files(
    card: Card, wanted: Sequence[Renderer], target: Path, check: Callable[[], None], *, folder: bool
) -> list[tuple[Path, str, bytes]]:
    """Path, format and content of everything, before anything is written."""
    files = []
    for made in wanted:
        check()
        written: Mapping[str, bytes] = made.files(card)
        if len(wanted) == 1 and not folder and not target.is_dir():
            return [(target, made.name, next(iter(written.values())))]
        files += [(target / name, made.name, held) for name, held in written.items()]
    return files


def named_in_commands(card: Card) -> str:
    """The card as one word, for a command that a person may copy."""
    return card.label if card.label and " " not in card.label else card.uid[:8]


def refuse_replacing(paths: Sequence[Path], target: Path, card: str, *, replace: bool) -> None:
    """Raise ForgeError where a file would be lost that nobody agreed to lose, or something is there that is no file."""
    there = [path for path in paths if path.is_symlink() or path.exists()]
    kept = next((path for path in there if not (replace and path.is_file() and not path.is_symlink())), None)
    if kept is not None and (replace or kept.is_symlink()):
        what = "a link" if kept.is_symlink() else "no file"
        raise ForgeError(f"{kept} is {what}; nothing was written.", hint="Only files are replaced: name another place.")
    if kept is not None:
        raise ForgeError(
            f"{kept} is there already; nothing was written.",
            hint="Choose another name, or let it be replaced.",
            commands=[f"card export {card} --replace"],
        )
    if len(paths) > 1 and target.exists() and not target.is_dir():
        raise ForgeError(f"{target} is no directory.", hint="Several formats need one to be written into.")


def _write(
    files: Sequence[tuple[Path, str, bytes]], target: Path, left_out: int, check: Callable[[], None]
) -> list[Exported]:
    written: list[Exported] = []
    try:
        with contextlib.ExitStack() as undoing:
            for path, name, content in files:
                check()
                for missing in reversed([each for each in path.parents if not each.exists()]):
                    missing.mkdir()
                    undoing.callback(_take_back, missing)
                if not path.exists():
                    undoing.callback(_take_back, path)
                write_atomically(path, content)
                written.append(Exported(str(path), name, len(content), hashlib.sha256(content).hexdigest(), left_out))
            undoing.pop_all()
    except OSError as error:
        raise ForgeError(
            f"The export into {target} failed: {error.strerror or error}. Nothing new of it was kept.",
            hint="Free some space or choose another place, then try again.",
        ) from error
    return written


def _take_back(made: Path) -> None:
    with contextlib.suppress(OSError):
        made.rmdir() if made.is_dir() else made.unlink(missing_ok=True)
