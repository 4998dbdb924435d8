"""Finds in a card's texts the people of the corpus whose scripts have no capitals: Chinese, Japanese, Korean, Arabic …

There nothing in its writing makes a word a name. What is taken for one has to be shown as one by the documents: it
stands by itself in a line, a cell or a list, behind a word such as "author", or before a form of address.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from forge_desktop.cards.privacy.names import Named
from forge_desktop.cards.privacy.plaintext import unaccented

if TYPE_CHECKING:
    from forge_desktop.corpus.mentioning import Mentions

_MANY = 200  # passages read for what could be a name
_UNSPACED = re.compile(r"[\u3005\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]{2,}")
_SPACED = re.compile(
    r"[\u0590-\u05ff\u0620-\u06d3\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff\u10d0-\u10ff\u1200-\u139f\u1780-\u17d3]{2,}"
)
# The commonest surnames, which begin a name: Chinese, Korean, Japanese.
_ONE_SIGN = (
    "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧蕭程曹袁"
    "邓鄧许許傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾賈丁魏薛叶葉阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白"
    "崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文김이박최정강조윤장임한오서신권황안송류홍전"
    "고문손양배백허남심노하곽성차주우구민유나진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕"
    "금옥육인맹제모탁국은편용"
)
_MORE_SIGNS = (
    "欧阳 歐陽 司马 司馬 诸葛 上官 东方 남궁 황보 선우 佐藤 鈴木 高橋"
    " 田中 伊藤 渡辺 渡邊 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本"
    " 井上 木村 斎藤 斉藤 清水 山崎 阿部 池田 橋本 山下 石川 中島 前田"
    " 藤田 小川 後藤 岡田 長谷川 村上 近藤 石井 坂本 遠藤 青木 藤井 西村"
    " 福田 太田 三浦 岡本 松田 中川 中野 原田 小野 田村 竹内 金子 和田"
    " 中山 石田 上田 森田 宮崎 柴田 酒井 工藤 横山"
)
_SURNAMES = (*_ONE_SIGN, *_MORE_SIGNS.split())
_BEHIND = (
    "先生|女士|小姐|同学|老师|博士|教授|经理|主任|さん|様|氏|君|ちゃん|殿|部長|課長|社長"
    "|님|씨|선생|교수|박사|부장|과장|대표"
)
_BEFORE = (
    "姓名|名前|氏名|作者|著者|担当|担当者|联系人|聯絡人|签名|负责人|编写"
    "|起草|由|收件人|致|이름|성명|작성자|담당자|저자|الاسم|المؤلف|الكاتب"
    "|إعداد|السيد|السيدة|الدكتور|الدكتورة|الأستاذ|الأستاذة|الآنسة|المهندس|الشيخ|בשם|שם"
    "|מאת|מר|גברת|ד״ר|נאם|آقای|خانم|دکتر|نام|نویسنده|श्री|श्रीमती"
    "|डॉ|नाम|लेखक"
)
_MARKS = r"[^\w\u0300-\u036f\u064b-\u065f]"
_PARTICLES = "的和与及跟对给在是说向为は、がをにのともや은는이가을를의와과도에"
_FIRST = (("ال", "ي"),)  # an Arabic word that begins and ends so tells where somebody comes from
_BY_SIGN: dict[str, list[str]] = {}
for _name in _SURNAMES:
    _BY_SIGN.setdefault(_name[0], []).append(_name)
_Test = Callable[[tuple[str, ...], str], bool]


class CaselessNames:
    """The people of the corpus in these texts, as far as its documents show them to be such."""

    def __init__(self, mentions: Mentions, texts: Collection[str]) -> None:
        runs = {run[0] for text in texts for run in _UNSPACED.finditer(text)}
        asked = {(part,) for run in runs for part in _parts(run)}
        pairs = {(one, other) for text in texts for one, other, _, _ in _neighbours(text)}
        self._found = _shown_in(mentions, asked, _is_unspaced_name) | _shown_in(mentions, pairs, _is_spaced_name)

    def people_in(self, text: str) -> Iterator[Named]:
        """Names in one of the texts, the longest where several begin together."""
        why = "Your documents have it as a name."
        for run in _UNSPACED.finditer(text):
            here = [part for part in _parts(run[0]) if (part,) in self._found]
            for part in here:
                if not any(part != other and part in other for other in here):
                    yield Named("name", part, why)
        for one, other, start, end in _neighbours(text):
            if (one, other) in self._found:
                yield Named("name", text[start:end], why)


def _shown_in(mentions: Mentions, asked: Collection[tuple[str, ...]], is_name: _Test) -> set[tuple[str, ...]]:
    listed = list(asked)
    samples = mentions.samples(listed, _MANY)
    return {
        words
        for words, passages in zip(listed, samples, strict=True)
        if any(is_name(words, unaccented(one.text)) for one in passages)
    }


def _parts(run: str) -> list[str]:
    """What can be a name in a run of signs: all of a short one, what begins with a surname in a longer one."""
    parts = [run] if len(run) <= 5 else []
    for start in range(len(run)):
        known = max((len(name) for name in _BY_SIGN.get(run[start], ()) if run.startswith(name, start)), default=0)
        if known:
            parts += [run[start:end] for end in range(start + known + 1, min(len(run), start + known + 2) + 1)]
    return list(dict.fromkeys(parts))


def _neighbours(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Words of a spaced script side by side, as the corpus is asked for them, and where both stand."""
    words = list(_SPACED.finditer(text))
    for one, other in itertools.pairwise(words):
        if 0 < other.start() - one.end() < 3 and text[one.end() : other.start()].isspace():
            yield one[0], other[0], one.start(), other.end()


def _is_unspaced_name(words: tuple[str, ...], text: str) -> bool:
    (said,) = words
    surname = any(said.startswith(name) and len(said) > len(name) for name in _BY_SIGN.get(said[0], ()))
    before = rf"(?:^|{_MARKS}|(?:{_BEFORE})[:：]?\s*|[{_PARTICLES}]|(?:{_BEHIND}))"
    behind = rf"(?:$|{_MARKS}|[{_PARTICLES}]|(?:{_BEHIND}))"
    if surname:
        return re.search(f"{before}{said}{behind}", text, re.MULTILINE) is not None
    cue = rf"(?:(?:{_BEFORE})\s*[:：]?\s*{said}{behind}|{before}{said}(?:{_BEHIND}))"
    return re.search(cue, text, re.MULTILINE) is not None


def _is_spaced_name(words: tuple[str, ...], text: str) -> bool:
    one, other = map(re.escape, map(unaccented, words))
    both = rf"{one}\s+{other}"
    if any(words[1].startswith(first) and words[1].endswith(last) and len(words[1]) > 4 for first, last in _FIRST):
        return re.search(rf"(?<!\w){both}(?!\w)", text) is not None
    before = rf"(?:^|[^\w\s]|(?<!\w)(?:{_BEFORE})\s*[:：]?)\s*"
    return re.search(rf"{before}{both}[ \t]*(?:$|[^\w\s])", text, re.MULTILINE) is not None
