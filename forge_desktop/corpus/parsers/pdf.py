"""PDF through pdfium: the text layer page by page, and the way back from a character to its place on the page."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable

# pdfium ends a line with "\r\n" and marks a hyphen at a line's end, which it has joined, with U+FFFE.
_CHANGED = re.compile("\r\n?|[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]|[\ud800-\udfff]")

PAGE_BREAK = "\n\n"


def parse(data: bytes) -> Parsed:
    """The text of every page. Raises Unreadable for a password, a damaged file, or pages that are only pictures."""
    with opened(data) as document:
        parts, pages, offset, pictures, damaged = [], [], 0, False, 0
        for number in range(len(document)):
            pages.append(offset)
            try:
                text, has_picture = _page(document, number)
            except _pdfium_error():
                text, has_picture, damaged = "", False, damaged + 1
            pictures = pictures or has_picture
            parts.append(text)
            offset += len(text) + len(PAGE_BREAK)
    if not any(part.strip() for part in parts):
        if damaged:
            raise Unreadable("The PDF is damaged: none of its pages can be read.")
        if pictures:
            raise Unreadable("The PDF has no text layer; text recognition is not available yet.")
        raise Unreadable("The PDF holds no text.")
    return Parsed(PAGE_BREAK.join(parts), tuple(pages))


def opened(data: bytes) -> contextlib.AbstractContextManager[Any]:
    """The pdfium document, closed afterwards. Raises Unreadable when it cannot be opened."""
    import pypdfium2
    import pypdfium2.raw

    try:
        return contextlib.closing(pypdfium2.PdfDocument(data))
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise Unreadable("The PDF is protected by a password.") from error
        raise Unreadable("The PDF is damaged: it cannot be opened.") from error


def cleaned(raw: str) -> tuple[str, list[tuple[int, int, int]]]:
    """pdfium's text as it is stored, and the pieces that were kept: (stored start, raw start, length)."""
    parts, pieces, stored, position = [], [], 0, 0
    for change in _CHANGED.finditer(raw):
        length = change.start() - position
        if length:
            parts.append(raw[position : change.start()])
            pieces.append((stored, position, length))
            stored += length
        instead = {"\r": "\n"}.get(change[0][0], "\ufffd" if "\ud800" <= change[0] <= "\udfff" else "")
        if instead:
            parts.append(instead)
            stored += 1
        position = change.end()
    if position < len(raw):
        parts.append(raw[position:])
        pieces.append((stored, position, len(raw) - position))
    return "".join(parts), pieces


def raw_text(textpage: Any) -> str:
    """Everything pdfium reads on the page, lone surrogates kept so that positions can be counted."""
    return str(textpage.get_text_range(errors="surrogatepass")) if textpage.count_chars() > 0 else ""


def _page(document: Any, number: int) -> tuple[str, bool]:
    """A page's text, and whether a page without text shows a picture."""
    import pypdfium2.raw

    with contextlib.closing(document[number]) as page:
        with contextlib.closing(page.get_textpage()) as textpage:
            text = cleaned(raw_text(textpage))[0]
        if text.strip():
            return text, False
        kinds = (pypdfium2.raw.FPDF_PAGEOBJ_IMAGE, pypdfium2.raw.FPDF_PAGEOBJ_PATH, pypdfium2.raw.FPDF_PAGEOBJ_SHADING)
        return text, next(iter(page.get_objects(filter=kinds)), None) is not None


def _pdfium_error() -> type[Exception]:
    import pypdfium2

    error: type[Exception] = pypdfium2.PdfiumError
    return error
