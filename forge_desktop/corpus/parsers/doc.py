"""DOC: other formats that often carry this name are read; Word's own of before 2007 is refused, with what to do."""

from __future__ import annotations

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.docx import parse as parse_docx
from forge_desktop.corpus.parsers.html import parse as parse_html
from forge_desktop.corpus.parsers.rtf import parse as parse_rtf


def parse(data: bytes) -> Parsed:
    """The text, if the file is in truth RTF, a newer Word file or a web page. Raises Unreadable otherwise."""
    start = data[:64].lstrip(b"\xef\xbb\xbf\r\n\t ")
    if start.startswith(b"{\\rtf"):
        return parse_rtf(data)
    if start.startswith(b"PK"):
        return parse_docx(data)
    if start.startswith(b"<"):
        return parse_html(data)
    raise Unreadable("It is in the format of Word 97 to 2003, which is not read: save it as .docx and add that file.")
