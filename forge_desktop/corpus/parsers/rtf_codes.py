"""RTF's vocabulary: what its character sets, special characters and groups mean."""

from __future__ import annotations

import codecs
import re

# a control word with its number, a byte in hexadecimal, a control symbol, a brace, text; line ends mean nothing
TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z]?)|([{}])|([^\\{}\r\n]+)|[\r\n]+", re.DOTALL
)

CHARSETS = {
    0: "cp1252",
    77: "mac_roman",
    78: "shift_jis",
    80: "cp949",
    81: "mac_arabic",
    83: "mac_greek",
    84: "mac_cyrillic",
    85: "gbk",
    86: "mac_romanian",
    88: "cp874",
    89: "mac_latin2",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gbk",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}

CHARACTERS = {
    "tab": "\t",
    "line": "\n",
    "lbr": "\n",
    "softline": "\n",
    "emdash": "\u2014",
    "endash": "\u2013",
    "bullet": "\u2022",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "qmspace": "\u2005",
    "zwj": "\u200d",
    "zwnj": "\u200c",
    "ltrmark": "\u200e",
    "rtlmark": "\u200f",
    "nestcell": " ",
    "~": "\u00a0",
    "_": "-",
}

PARAGRAPHS = frozenset(["par", "sect", "page", "column", "softpage"])

# groups that hold no text of the document
UNREAD = frozenset(
    re.findall(
        r"\w+",
        "colortbl info pict nonshppict objdata fldinst datafield listtable listoverridetable revtbl rsidtbl generator"
        " themedata colorschememapping datastore latentstyles xmlnstbl mmathPr nonesttables xe tc rxe txe upr sp"
        " shprslt template filetbl bkmkstart bkmkend atnid atnref atnparent atrfstart atrfend ftnsep ftnsepc ftncn"
        " aftnsep aftnsepc aftncn pnseclvl userprops protusertbl wgrffmtfilter ffname ffdeftext",
    )
)
MARGINS = frozenset(["header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"])
MARKERS = frozenset(["listtext", "pntext"])  # a list item's bullet or number
STARRED = frozenset(["shpinst", "annotation", "atnauthor"])  # read although they may be ignored


def code_page(number: int) -> str:
    """The codec of a Windows code page, Windows-1252 when it is unknown."""
    name = {65001: "utf-8", 10000: "mac_roman", 936: "gbk", 1361: "johab"}.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name
