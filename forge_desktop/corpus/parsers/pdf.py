"""PDF through pdfium: the text layer page by page, and the way back from a character to its place on the page."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable, ocr

# pdfium ends a line with "\r\n" and marks a hyphen at a line's end, which it has joined, with U+FFFE.
_CHANGED = re.compile("\r\n?|[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]|[\ud800-\udfff]")

PAGE_BREAK = "\n\n"
_DPI = 300
_PIXELS = 40_000_000  # a page a mile long is drawn coarser


def parse(data: bytes) -> Parsed:
    """The text of every page; a page that is only a picture is read by OCR. Raises Unreadable when no text is found."""
    with opened(data) as document:
        parts, pages, offset, pictures, damaged = [], [], 0, 0, 0
        refusal: Unreadable | None = None
        for number in range(len(document)):
            pages.append(offset)
            try:
                text, has_picture = _page(document, number)
                pictures += has_picture
                if has_picture and ocr.hindrance() is None:
                    text = ocr.read(_drawn(document, number), dpi=_DPI)
            except _pdfium_error():
                text, damaged = "", damaged + 1
            except Unreadable as error:  # a picture that OCR gave up; the other pages can still be read
                refusal = error
            parts.append(text)
            offset += len(text) + len(PAGE_BREAK)
    if not any(part.strip() for part in parts):
        if refusal is not None:
            raise refusal
        if damaged:
            raise Unreadable("The PDF is damaged: none of its pages can be read.")
        if pictures:
            raise ocr.hindrance() or Unreadable("No text was found in the PDF's pictures.")
        raise Unreadable("The PDF holds no text.")
    note = _left_out(len(pages), pictures, ocr.hindrance() if pictures else None, refusal, damaged)
    return Parsed(PAGE_BREAK.join(parts), tuple(pages), note=note)


def _left_out(pages: int, pictures: int, hindrance: Unreadable | None, refusal: Unreadable | None, damaged: int) -> str:
    """What of a readable PDF was not read, in sentences."""
    words = []
    if hindrance is not None:
        why = str(hindrance).removeprefix(ocr.ONLY_PICTURES)
        words.append(f"{pictures:,} of its {pages:,} pages hold only pictures; {why}")
    elif refusal is not None:
        words.append(f"A page could not be read. {refusal}")
    if damaged:
        words.append(f"{damaged:,} of its {pages:,} pages are damaged and were left out.")
    return " ".join(words)


def opened(data: bytes) -> contextlib.AbstractContextManager[Any]:
    """The pdfium document, closed afterwards. Raises Unreadable when it cannot be opened."""
    import pypdfium2
    import pypdfium2.raw

    try:
        return contextlib.closing(pypdfium2.PdfDocument(data))
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise Unreadable("The PDF is protected by a password.") from error
        damaged = "The PDF is damaged: it cannot be opened."
        raise Unreadable(damaged if is_pdf(data) else "The file is not a PDF.") from error


def is_pdf(data: bytes) -> bool:
    """Whether it begins as a PDF does."""
    return b"%PDF" in data[:1024]


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


def _drawn(document: Any, number: int) -> bytes:
    """The page in shades of grey as a PGM file."""
    with contextlib.closing(document[number]) as page:
        across, down = page.get_size()
        scale = min(_DPI / 72, (_PIXELS / max(across * down, 1.0)) ** 0.5)
        with contextlib.closing(page.render(scale=scale, grayscale=True)) as bitmap:
            width, height, stride = int(bitmap.width), int(bitmap.height), int(bitmap.stride)
            pixels = memoryview(bitmap.buffer).cast("B")
            rows = b"".join(pixels[y * stride : y * stride + width] for y in range(height))
    return b"P5 %d %d 255\n" % (width, height) + rows


def _pdfium_error() -> type[Exception]:
    import pypdfium2

    error: type[Exception] = pypdfium2.PdfiumError
    return error
