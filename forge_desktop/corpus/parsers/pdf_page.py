"""Draws a PDF page and finds the rectangles of a passage on it, through the same text that was stored."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from forge_desktop.corpus.parsers import Unreadable
from forge_desktop.corpus.parsers.opening import read_file
from forge_desktop.corpus.parsers.pdf import cleaned, is_pdf, opened, raw_text

_HIGHEST = 8192  # pixels; a page a mile long is drawn smaller


_last: tuple[tuple[object, ...], bytes] = ((), b"")  # the file just shown: turning its pages reads it once


def rendered(request: Mapping[str, Any]) -> dict[str, Any]:
    """Page `page` (from 1) at `width` pixels as PNG, with rectangles of the stored text at `start:end` of that page.

    Raises Unreadable when the bytes are not those that were indexed.
    """
    data = _bytes(request)
    if not is_pdf(data):
        raise Unreadable("Only the pages of a PDF can be drawn.")
    with opened(data) as document, contextlib.closing(document[request["page"] - 1]) as page:
        across, down = page.get_size()
        scale = min(request["width"] / max(across, 1.0), _HIGHEST / max(down, 1.0))
        with contextlib.closing(page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)) as bitmap:
            size = (int(bitmap.width), int(bitmap.height))
            png = _png(bitmap)
        with contextlib.closing(page.get_textpage()) as textpage:
            rectangles = [
                _on_bitmap(page, size, box)
                for first, count in _characters(textpage, request["text"], request["start"], request["end"])
                for box in _boxes(textpage, first, count)
            ]
    return {
        "is": "page",
        "png": base64.b64encode(png).decode("ascii"),
        "width": size[0],
        "height": size[1],
        "rectangles": rectangles,
    }


def _bytes(request: Mapping[str, Any]) -> bytes:
    global _last
    info = os.stat(os.fsencode(request["path"]))
    key = (request["path"], request["sha256"], info.st_size, info.st_mtime_ns)
    if _last[0] != key:
        data, _ = read_file(request["path"], request["limit_bytes"])
        if hashlib.sha256(data).hexdigest() != request["sha256"]:
            raise Unreadable("The file has changed since it was indexed.")
        _last = (key, data)
    return _last[1]


def _characters(textpage: Any, stored: str, start: int, end: int) -> list[tuple[int, int]]:
    """pdfium's characters (first, count) that became `start:end` of the page's stored text.

    When this pdfium reads the page differently from the one that indexed it, the passage is looked up by its words.
    """
    import pypdfium2.raw

    raw = raw_text(textpage)
    text, pieces = cleaned(raw)
    if text.rstrip() != stored.rstrip():
        passage = stored[start:end]
        start = text.find(passage)
        end = start + len(passage)
        if start < 0:
            return []
    units = [0]  # UTF-16 units before each code point: what pdfium counts in
    for character in raw:
        units.append(units[-1] + (2 if character > "\uffff" else 1))
    runs = []
    for stored_start, raw_start, length in pieces:
        low, high = max(start, stored_start), min(end, stored_start + length)
        if low < high:
            first, last = units[raw_start + low - stored_start], units[raw_start + high - stored_start] - 1
            first, last = (pypdfium2.raw.FPDFText_GetCharIndexFromTextIndex(textpage, unit) for unit in (first, last))
            if 0 <= first <= last:
                runs.append((first, last - first + 1))
    return runs


def _boxes(textpage: Any, first: int, count: int) -> list[tuple[float, float, float, float]]:
    return [textpage.get_rect(number) for number in range(textpage.count_rects(first, count))]


def _on_bitmap(
    page: Any, size: tuple[int, int], box: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """A box in page units (left, bottom, right, top) as x, y, width, height in pixels, page rotation included."""
    import ctypes

    import pypdfium2.raw

    corners = []
    for across, up in ((box[0], box[1]), (box[2], box[3])):
        x, y = ctypes.c_int(), ctypes.c_int()
        # pdfium answers in whole pixels; a grid sixteen times finer keeps the rectangles smooth
        pypdfium2.raw.FPDF_PageToDevice(page, 0, 0, size[0] * 16, size[1] * 16, 0, across, up, x, y)
        corners.append((x.value / 16, y.value / 16))
    (x0, y0), (x1, y1) = corners
    return (min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))


def _png(bitmap: Any) -> bytes:
    """The bitmap as PNG: three or one byte a pixel, no filter."""
    channels = int(bitmap.n_channels)
    width, height, stride = int(bitmap.width), int(bitmap.height), int(bitmap.stride)
    pixels = memoryview(bitmap.buffer).cast("B")
    rows = b"".join(b"\0" + bytes(pixels[y * stride : y * stride + width * channels]) for y in range(height))
    colour = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 3)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
