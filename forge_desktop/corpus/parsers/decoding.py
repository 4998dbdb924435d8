"""Bytes to text: byte order mark, UTF-8, UTF-16 and UTF-32, then older encodings; anything else is not text."""

from __future__ import annotations

import codecs
import re

from forge_desktop.corpus.parsers import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark starts with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile("[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SAMPLE = 65_536
_CONTROL_BYTES = bytes([*range(0x01, 0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
_RUNS = re.compile(rb"[\x80-\xff]{3,}")
# Encodings of scripts other than Latin; Western, Central European and Turkish text is not told apart reliably.
_LEGACY = re.findall(
    r"\w+",
    "cp1251 koi8_r koi8_u cp866 iso8859_5 mac_cyrillic gb18030 big5 cp932 euc_jp cp949 cp1253 iso8859_7 cp1255 cp1256"
    " cp874",
)
_NOT_TEXT = "The file is not text: it holds binary data under a text file's name."


def decode(data: bytes) -> str:
    """The text of `data` without its byte order mark, line ends as they are. Raises Unreadable for binary data."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _checked(data[len(mark) :].decode(encoding, "replace"))
    if b"\0" in data:
        return _checked(_without_mark(data))
    try:
        return _checked(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    mended = data.decode("utf-8", "replace")
    bad = mended.count("\ufffd")
    good = len(data) - len(data.translate(None, bytes(range(0xC2, 0xF5))))  # lead bytes of longer characters
    if bad * 10 <= good:
        return _checked(mended)  # UTF-8 with a few broken bytes
    if encoding := _legacy(data):
        return _checked(data.decode(encoding, "replace"))
    for encoding in ("cp1252", "cp1250"):  # 1250 gives letters to bytes that 1252 leaves undefined
        try:
            return _checked(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _checked(data.decode("latin-1"))


def mend(text: str) -> str:
    """The text with lone surrogates, which no UTF-8 can hold, replaced one for one."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def _without_mark(data: bytes) -> str:
    sample = data[:_SAMPLE]
    if len(data) % 4 == 0:
        for encoding, high in (("utf-32-le", sample[3::4] + sample[2::4]), ("utf-32-be", sample[0::4] + sample[1::4])):
            if max(high) <= 0x10:  # the last character is U+10FFFF
                try:
                    return data.decode(encoding)
                except UnicodeDecodeError:
                    break
    half = max(1, len(sample) // 2)
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if len(data) % 2 == 0 and zeros.count(0) >= 0.7 * half and sample.count(0) < 1.2 * half:
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                break
    raise Unreadable(_NOT_TEXT)


def _legacy(data: bytes) -> str:
    """The encoding of text in Cyrillic, Chinese, Greek … letters, which come in runs; accented letters stand alone."""
    sample = data[:_SAMPLE]
    if len(data) > _SAMPLE and (end := sample.rfind(b"\n") + 1):
        sample = sample[:end]  # not in the middle of a character
    high = len(sample) - len(sample.translate(None, bytes(range(0x80, 0x100))))
    if sum(map(len, _RUNS.findall(sample))) * 2 < high:
        return ""
    if (len(sample) - len(sample.translate(None, _CONTROL_BYTES))) * 50 > len(sample):
        return ""  # binary data, in which any encoding can be seen
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_LEGACY).best()
    return best.encoding if best is not None else ""


def _checked(text: str) -> str:
    sample = text[:_SAMPLE]
    odd = len(_CONTROLS.findall(sample)) + 10 * sample.count("\0")
    # WORKAROUND: bytes 0x80-0x9f that Windows-1252 leaves undefined come out of Latin-1 as C1 controls
    odd += sum(1 for character in sample if "\x80" <= character <= "\x9f") if not sample.isascii() else 0
    if odd > max(2, len(sample) // 50) or ("\0" in text and odd):
        raise Unreadable(_NOT_TEXT)
    return text
