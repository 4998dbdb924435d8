"""How many characters a student's token is worth: by the scripts a text is written in, measured once a tokeniser.

Passages are sized in tokens, but cut in characters: asking a tokeniser for every cut would need the student loaded, and
another student would move every passage. A document's mix of scripts and a ratio for each of them come close enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

SAMPLES = {
    "latin": "The committee met in the old library on Tuesday evening. After a short discussion of costs it was decided"
    " that every member may borrow two tools for at most four weeks; whoever returns them late pays a small fee. Das"
    " nächste Treffen findet im September statt. Damage must be reported at once, so that the tools can be repaired in"
    " time for the next season, and the list of tools is kept by the secretary.",
    "cyrillic": "Правление собралось во вторник вечером в старой библиотеке. После недолгого обсуждения расходов было"
    " решено, что каждый член общества может взять два инструмента не более чем на четыре недели; кто вернёт их позже,"
    " платит небольшой сбор. Η επόμενη συνεδρίαση θα γίνει τον Σεπτέμβριο στο δημαρχείο της πόλης.",
    "unspaced": "委员会周二晚上在旧图书馆开会。经过对费用的简短讨论，决定每位会员最多可以借用两件工具，期限不超过"
    "四个星期；逾期归还者须缴纳少量费用。次回の会議は九月に市役所で開かれます。会員は道具の破損をすぐに報告してください。"
    "다음 회의는 구월에 시청에서 열립니다.",
    "other": "اجتمعت اللجنة مساء الثلاثاء في المكتبة القديمة. وبعد مناقشة قصيرة للتكاليف تقرر أن يجوز لكل عضو استعارة"
    " أداتين لمدة لا تزيد على أربعة أسابيع. समिति की बैठक मंगलवार शाम को पुराने पुस्तकालय में हुई। הישיבה הבאה תתקיים"
    " בספטמבר בבניין העירייה. การประชุมครั้งต่อไปจะจัดขึ้นในเดือนกันยายน",
}
RATIOS = {"latin": 4.53, "cyrillic": 1.31, "unspaced": 0.54, "other": 0.87}  # characters a token: the starter student's

_LETTERS = {
    "latin": re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+"),
    "cyrillic": re.compile("[\u0370-\u052f\u1f00-\u1fff]+"),
    "unspaced": re.compile(
        "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+"
    ),
}
_WORDS = re.compile(r"[^\W\d_]+")
_SEEN = 50  # places of a long text that are looked at
_LOOK = 1000  # characters in each
_SANE = (0.2, 12.0)  # a ratio beyond is a tokeniser that does not know the script at all


def characters_a_token(text: str, ratios: Mapping[str, float] = RATIOS) -> float:
    """How many characters of this text a token is worth."""
    seen = text
    if len(text) > _SEEN * _LOOK:
        seen = "".join(text[low : low + _LOOK] for low in range(0, len(text) - _LOOK, len(text) // _SEEN))
    if seen.isascii():
        return ratios["latin"]
    letters = {name: _count(pattern, seen) for name, pattern in _LETTERS.items()}
    letters["other"] = max(0, _count(_WORDS, seen) - sum(letters.values()))
    if not any(letters.values()):
        return ratios["latin"]
    return sum(letters.values()) / sum(count / ratios[name] for name, count in letters.items())


def measured(count: Callable[[Sequence[str]], Sequence[int]]) -> dict[str, float]:
    """The ratios of a tokeniser that counts the tokens of texts."""
    low, high = _SANE
    tokens = count(list(SAMPLES.values()))
    return {
        name: min(max(len(sample) / max(tokens[at], 1), low), high) for at, (name, sample) in enumerate(SAMPLES.items())
    }


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(map(len, pattern.findall(text)))
