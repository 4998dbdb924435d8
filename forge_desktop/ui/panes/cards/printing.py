"""The job that exports a card from the window: the forms of its room, and the PDF that only the window can print."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.cards.applicable import as_told
from forge_desktop.cards.exporting import refuse_unreadable
from forge_desktop.cards.records import Card, Exported
from forge_desktop.ui.print import print_html

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

PDF = "pdf"
_FILE = "card.pdf"
_LANE = "cards print"  # not the cards' own, whose export it waits for


def export_card(
    forge: Forge, card: Card, forms: Sequence[str], folder: Path, *, paper: str = "", replace: bool = False
) -> int:
    """Start the export into a folder, which is made where it is missing; a job whose result is a list of Exported."""
    others = [form for form in forms if form != PDF]

    def job(context: JobContext) -> list[Exported]:
        refuse_unreadable(card, ["PDF"] if PDF in forms else [])
        target = folder.absolute()
        file = target / _FILE
        if PDF in forms and file.exists() and not replace:
            raise ForgeError(
                f"{file} is there already; nothing was written.",
                hint="Choose another folder, or let it be replaced.",
            )
        with _folder(target), contextlib.ExitStack() as undo:  # the PDF takes longest: until it is there, nothing is
            printed = []
            if PDF in forms:
                context.progress(0, len(forms), "PDF")
                if not file.exists():
                    undo.callback(file.unlink, missing_ok=True)
                printed = [_print(forge, card, file, paper, replace, context)]
            written = _write(forge, card, others, target, replace, context) if others else []
            undo.pop_all()
        return [*written, *printed]

    return forge.jobs.start(_LANE, "card export", job)


@contextlib.contextmanager
def _folder(target: Path) -> Iterator[None]:
    """The folder is there; one that was made for nothing goes again."""
    made = [path for path in (target, *target.parents) if not path.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ForgeError(
            f"{target} could not be made: {error.strerror or error}.", hint="Choose another folder."
        ) from error
    try:
        yield
    except (ForgeError, Cancelled):
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _write(
    forge: Forge, card: Card, forms: Sequence[str], target: Path, replace: bool, context: JobContext
) -> list[Exported]:
    job = forge.cards.exports.write(card, forms, target, replace=replace)
    while True:
        try:
            context.check()
        except Cancelled:
            forge.jobs.cancel(job)
            raise
        with contextlib.suppress(TimeoutError):
            result = forge.jobs.wait(job, timeout=0.1)
            assert isinstance(result, list)
            return list(result)


def _print(forge: Forge, card: Card, file: Path, paper: str, replace: bool, context: JobContext) -> Exported:
    html = forge.cards.exports.render(card, "html").decode()
    hidden = sum(not leak.revealed for leak in forge.cards.privacy.scan(as_told(card)))
    print_html(html, file, title=card.name, paper=paper, replace=replace, check=context.check)
    content = file.read_bytes()
    return Exported(str(file), PDF, len(content), hashlib.sha256(content).hexdigest(), hidden)
