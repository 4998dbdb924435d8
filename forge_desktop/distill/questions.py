"""What a question made from a passage should be: its sorts, how it is asked for, and whether what came is any good."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_desktop.corpus import texts

KINDS: Mapping[str, str] = {
    "factual": "asks for a fact that the text states",
    "how-to": "asks how something is done that the text explains",
    "comparison": "asks how two things differ that the text sets side by side",
    "definition": "asks what a term means that the text explains",
    "numbers": "asks for a number, a date, an amount or a measure that the text gives",
    "summary": "asks to sum up what the text says about its subject",
    "reason": "asks why something is so, for which the text gives the reason",
    "unanswerable": "is about the text's subject, but the text does not answer it",
}
DIFFICULTIES: Mapping[str, str] = {
    "easy": "one sentence of the text is enough to answer it",
    "medium": "two sentences of the text are needed to answer it",
    "hard": "several statements of the text must be put together to answer it",
}
UNANSWERABLE_RULES = "Where the evidence does not answer the question, say so, and do not guess."
SYSTEM = (
    "You write questions about texts. Each question stands by itself: whoever reads it does not see the text, so it"
    " names what it is about and never speaks of the text, the passage or the author. Write in the text's language."
)

_EXAMPLE = (
    "The ferry to Holm Island leaves the north pier every 40 minutes from April to October. A day ticket costs 12"
    " crowns, a single one 7. Bicycles travel free because the council pays for them; to take one along, tell the crew"
    " before boarding and tie it to the rail at the stern. A stern line is the rope that holds the back of the ferry."
)
_EXAMPLES = {
    "factual": "From which pier does the ferry to Holm Island leave?",
    "how-to": "How do I take a bicycle along on the Holm Island ferry?",
    "comparison": "How do a day ticket and a single ticket for the Holm Island ferry differ in price?",
    "definition": "What is a stern line on the Holm Island ferry?",
    "numbers": "How many crowns does a day ticket for the Holm Island ferry cost?",
    "summary": "What should passengers with a bicycle know about the Holm Island ferry?",
    "reason": "Why do bicycles travel free on the Holm Island ferry?",
    "unanswerable": "Who is the captain of the Holm Island ferry?",
}
_LONGEST = 300  # characters
_SHORTEST = 3  # words
_ALIKE = 0.8  # of the words of two questions together
_COPIED = 0.8  # of a question's words, standing in the passage in the same order side by side
_ANSWERABLE = 0.5  # of a question's terms that the passage must have
_OF_THE_TEXT = re.compile(
    r"\b(a|the|this|that|given|above|following) (text|passage|excerpt|document|paragraph|author|snippet|article)\b"
    r"|\bthe (question|answer)\b|\bin (a|one|this) sentence\b"
    r"|\b(der|dem|den|dieser|diesem|diesen|dieses|das) (text|textes|abschnitts?|passage|auszugs?)\b"
    r"|\b(le|ce|du) (texte|passage|document)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^[\s\-*•]*(?:\d+\s*[.):]\s*)?(?:(?:(?:the )?q(?:uestion)?|frage)(?: is)?\s*\d*\s*[:.)-]\s*)?", re.IGNORECASE
)
_QUOTES = "\"'“”„«»` *"
_MARKS = ("?", "？", "؟", "\u037e", "՞")


@dataclass(frozen=True)
class Sort:
    """A sort of question that is wanted."""

    kind: str
    difficulty: str


def spread(per_document: int, kinds: Sequence[tuple[str, int]], difficulties: Sequence[tuple[str, int]]) -> list[Sort]:
    """A document's quota shared out by weight; a longer list begins like a shorter one."""
    found = _shared(per_document, kinds)
    levels = _shared(per_document, difficulties) or [""] * per_document
    by_kind: dict[str, int] = {}
    sorts = []
    for kind in found:  # each kind goes through the difficulties by itself, so that none of them stays easy
        turn = by_kind[kind] = by_kind.get(kind, -1) + 1
        sorts.append(Sort(kind, levels[(turn + list(dict(kinds)).index(kind)) % len(levels)]))
    return sorts


def _shared(count: int, weights: Sequence[tuple[str, int]]) -> list[str]:
    given = {name: 0 for name, weight in weights if weight > 0}
    total = sum(weight for name, weight in weights if name in given)
    found = []
    for n in range(1, count + 1 if given else 1):
        best = max(given, key=lambda name: dict(weights)[name] * n / total - given[name])
        given[best] += 1
        found.append(best)
    return found


def wanted(sort: Sort) -> str:
    """What is asked for, as a sentence's end."""
    what = KINDS.get(sort.kind, f"is of this sort: {sort.kind}")
    level = DIFFICULTIES.get(sort.difficulty, sort.difficulty)
    return f"{what}; {level}" if level and sort.kind != "unanswerable" else what


def for_student(passage: str, sort: Sort) -> str:
    """What a small student is asked: one question, on one line."""
    return f"Text:\n{passage}\n\nWrite one question that {wanted(sort)}. Write only the question, on one line."


def example(sort: Sort) -> tuple[str, str]:
    """A passage with what was asked for and a good answer: small students go by it more than by words."""
    return for_student(_EXAMPLE, sort), _EXAMPLES.get(sort.kind, _EXAMPLES["factual"])


def for_teacher(passage: str, sorts: Sequence[Sort]) -> str:
    """What a teacher is asked: all questions about a passage at once."""
    listed = "\n".join(f"{n}. {wanted(sort)}" for n, sort in enumerate(sorts, 1))
    return (
        f"Text:\n<<<\n{passage}\n>>>\n\n"
        f"Write {len(sorts)} different questions, one of each of these sorts:\n{listed}\n\n"
        'Answer with JSON only: {"questions": [{"n": 1, "question": "..."}]}'
    )


SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "questions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"n": {"type": "integer"}, "question": {"type": "string"}},
                    "required": ["n", "question"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["questions"],
        "additionalProperties": False,
    }
)


def read_one(text: str) -> str:
    """The question in what a student wrote, "" where there is none."""
    for line in text.splitlines():
        if cleaned := _cleaned(line):
            return cleaned
    return ""


def read_many(text: str, count: int) -> list[str]:
    """The questions in a teacher's answer by number, "" for those that are missing. Reads JSON, or numbered lines."""
    found = [""] * count
    start = text.find("{")
    while start >= 0:
        try:
            value, _ = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
            continue
        listed = value.get("questions") if isinstance(value, dict) else None
        for place, item in enumerate(listed if isinstance(listed, list) else ()):
            n = item.get("n", place + 1) if isinstance(item, dict) else place + 1
            said = item.get("question") if isinstance(item, dict) else item
            if isinstance(n, int) and 1 <= n <= count and isinstance(said, str):
                found[n - 1] = _cleaned(said)
        return found
    lines = [cleaned for line in text.splitlines() if (cleaned := _cleaned(line)).endswith(_MARKS)]
    return (lines + found)[:count]


def problem(question: str, passage: str, sort: Sort, language: str) -> str:
    """Why a question is of no use, "" where it is of use."""
    said = texts.words(question)
    if not said:
        return "nothing was written"
    if sort.kind != "summary" and not question.endswith(_MARKS):
        return "it is no question"
    if len(said) < _SHORTEST:
        return "it is too short"
    if len(question) > _LONGEST:
        return "it is too long"
    if _OF_THE_TEXT.search(question):
        return "it speaks of the text instead of its subject"
    spoken = texts.language(question)
    if spoken and language and spoken != language:
        return "it is in another language"
    if _copied(said, texts.words(passage)) >= _COPIED:
        return "it is a copy of the passage"
    return _ungrounded(question, passage, sort)


def _ungrounded(question: str, passage: str, sort: Sort) -> str:
    """Whether the passage speaks of what is asked."""
    asked, there = set(texts.terms(question)), set(texts.terms(passage))
    share = len(asked & there) / len(asked) if asked else 0.0
    if (asked - there) & set(texts.terms(_EXAMPLE)) & {"holm", "ferri", "crown", "pier", "stern", "captain"}:
        return "it is about the example"
    telling = any(len(term) > 3 or not term.isascii() or term.isdigit() for term in asked & there)
    if not telling or (sort.kind != "unanswerable" and share < _ANSWERABLE):
        return "the passage does not speak of it"
    if sort.kind == "numbers" and not any(character.isdigit() for character in passage):
        return "the passage has no number"
    return ""


def _copied(said: Sequence[str], there: Sequence[str]) -> float:
    """The share of the words that the longest run of them makes which stands in the passage too."""
    runs: dict[int, int] = {}
    longest = 0
    places: dict[str, list[int]] = {}
    for place, word in enumerate(there):
        places.setdefault(word, []).append(place)
    for word in said:
        runs = {place: runs.get(place - 1, 0) + 1 for place in places.get(word, ())}
        longest = max(longest, *runs.values()) if runs else longest
    return longest / len(said)


def _cleaned(line: str) -> str:
    """A line without numbers, labels and quotation marks; what follows the first question goes."""
    cleaned = " ".join(_LEAD.sub("", line, count=1).split()).strip(_QUOTES)
    ends = [place for mark in _MARKS[:3] if (place := cleaned.find(mark)) >= 0]
    return cleaned[: min(ends) + 1].strip(_QUOTES) if ends else cleaned


class Asked:
    """The questions of a batch so far, to find those that ask (nearly) the same."""

    def __init__(self) -> None:
        self._sets: list[frozenset[str]] = []
        self._having: dict[str, list[int]] = {}

    def alike(self, question: str) -> bool:
        """Whether one was taken that asks nearly the same."""
        wanted_terms = _terms(question)
        shared: dict[int, int] = {}
        for term in wanted_terms:
            for place in self._having.get(term, ()):
                shared[place] = shared.get(place, 0) + 1
        return any(
            both / (len(wanted_terms) + len(self._sets[place]) - both) >= _ALIKE for place, both in shared.items()
        )

    def take(self, question: str) -> None:
        """Remember it."""
        terms = _terms(question)
        for term in terms:
            self._having.setdefault(term, []).append(len(self._sets))
        self._sets.append(terms)


def _terms(question: str) -> frozenset[str]:
    """What it is about; "what" and "when" count too, as they tell questions about one thing apart."""
    return frozenset(texts.terms(question)) | frozenset(texts.words(question)[:1])
