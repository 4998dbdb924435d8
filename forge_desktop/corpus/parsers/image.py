"""Pictures: the text that OCR finds in them. Their headers are read first, so that none unpacks to an absurd size."""

from __future__ import annotations

import struct

from forge_desktop.corpus.parsers import Parsed, Unreadable, ocr

_PIXELS = 64_000_000
_PAGES = 1000
_DAMAGED = "The picture is damaged: its size cannot be read."
_PAGE_BREAK = "\n\n"
_FRAMES = frozenset([*range(0xC0, 0xD0)]) - {0xC4, 0xC8, 0xCC}  # JPEG markers that state the size


def parse(data: bytes) -> Parsed:
    """The text in the picture; pages where it has several. Raises Unreadable when there is none or OCR cannot run."""
    try:
        sizes = _sizes(data)
    except (struct.error, IndexError) as error:
        raise Unreadable(_DAMAGED) from error
    if not sizes or not all(width and height for width, height in sizes):
        raise Unreadable(_DAMAGED)
    if max(width * height for width, height in sizes) > _PIXELS:
        raise Unreadable(f"The picture has more than {_PIXELS // 10**6} million pixels, so it is not read.")
    if (hindrance := ocr.hindrance()) is not None:
        raise hindrance
    texts = [ocr.read(data, page=page) for page in range(len(sizes))]
    if not any(texts):
        raise Unreadable("No text was found in the picture.")
    pages, offset = [], 0
    for text in texts:
        pages.append(offset)
        offset += len(text) + len(_PAGE_BREAK)
    return Parsed(_PAGE_BREAK.join(texts), tuple(pages) if len(pages) > 1 else ())


def _sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height of each page in pixels, as the header states them."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return [struct.unpack_from(">II", data, 16)]
    if data.startswith((b"GIF87a", b"GIF89a")):
        return [struct.unpack_from("<HH", data, 6)]
    if data.startswith(b"BM"):
        if struct.unpack_from("<I", data, 14)[0] == 12:  # OS/2
            return [struct.unpack_from("<HH", data, 18)]
        width, height = struct.unpack_from("<ii", data, 18)
        return [(abs(width), abs(height))]
    if data.startswith(b"\xff\xd8\xff"):
        return [_jpeg(data)]
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return [_webp(data)]
    if data.startswith((b"II*\0", b"MM\0*")):
        return _tiff(data)
    raise Unreadable("The file is not a picture of a known kind.")


def _jpeg(data: bytes) -> tuple[int, int]:
    place = 2
    while True:
        while data[place] == 0xFF and data[place + 1] == 0xFF:  # fill bytes
            place += 1
        marker = data[place + 1]
        if data[place] != 0xFF or marker in (0xD9, 0xDA):
            raise IndexError("no frame header")
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 if marker == 0x01 or 0xD0 <= marker <= 0xD8 else 2 + struct.unpack_from(">H", data, place + 2)[0]


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff(data: bytes) -> list[tuple[int, int]]:
    order = "<" if data.startswith(b"II") else ">"
    sizes: dict[int, tuple[int, int]] = {}  # by the place of each page's directory: a list may bite its own tail
    (place,) = struct.unpack_from(order + "I", data, 4)
    while place and place not in sizes and len(sizes) < _PAGES:
        (entries,) = struct.unpack_from(order + "H", data, place)
        size = {256: 0, 257: 0}
        for entry in range(place + 2, place + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            if tag in size:
                (size[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
        sizes[place] = (size[256], size[257])
        (place,) = struct.unpack_from(order + "I", data, place + 2 + 12 * entries)
    return list(sizes.values())
