"""Says at the start that a download was begun and not ended, and leads to where it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from forge_desktop.students.records_library import Unfinished
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import Notice
from forge_desktop.ui.widgets.words import count_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge
    from forge_desktop.ui.shell import Shell


def offer_downloads(shell: Shell, forge: Forge, bridge: Bridge) -> None:
    """Look for unfinished downloads and offer to show them."""

    def known(found: Sequence[Unfinished]) -> None:
        if not found:
            return
        words = f"{count_words(len(found), 'download')} are unfinished"
        if len(found) == 1:
            words = f"The download of {safe_words(PurePosixPath(found[0].file).name)} is unfinished"
        lead = Notice(words, lambda: shell.run_command("students", "bases"), undo_text="Show", icon="download")
        shell.show_notice(lead)

    Errands(forge.jobs, bridge, shell).run(forge.students.library.unfinished, known)
