"""What an index run did, in words."""

from __future__ import annotations

import os

from forge_desktop.corpus import IndexReport
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.words import count_words


def report_words(report: IndexReport, *, asked: bool) -> str:
    """The sentence for the toast; `asked` while a question about gone files is open."""
    read = report.new + report.changed
    nothing = "Nothing new was read" if report.failed or asked else "Everything was up to date"
    words = f"Indexed {count_words(read, 'document')}" if read else nothing
    gone = f", {report.removed:,} left the index" if report.removed else ""
    return f"{words}{gone}: {count_words(report.passages, 'passage')} ready to search."


def trouble_words(report: IndexReport) -> tuple[str, str] | None:
    """Title and text about what could not be read, or only in part; None when all was.

    Not all of it has a row: a pipe or a folder that went away is no document.
    """
    if report.failed:
        one, many = "could not be read", "Not everything could be read"
    else:
        one, many = "was read in part", f"{count_words(len(report.partial), 'document')} were read in part"
    told = report.failed or report.partial
    if not told:
        return None
    path, reason = told[0]
    name, others = safe_words(os.path.basename(path)), len(told) - 1
    return (many, f"{name}: {reason} And {others:,} more.") if others else (f"{name} {one}", reason)
