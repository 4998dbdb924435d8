"""Computes citations: which passages support each sentence of an answer, and which sentences nothing supports."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.chat.records import Sentence, Source
from forge_desktop.chat.sentences import Span, split
from forge_desktop.chat.spans import cut
from forge_desktop.chat.support import Reader, Support, without_opening
from forge_desktop.chat.words import said

# A number in brackets the student wrote: [1], [1, 2], [1-3], [^1], [doc 2], [Document 2], 【1】, with a link's target.
_CITATION = re.compile(
    r"[ \t]*(?:"
    r"\[\^?(?:(?:doc|document|source|passage|quelle|dokument)s?\.?\s*)?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\]"
    r"|【\d{1,3}[^】]{0,20}】)(?:\([^()\s]*\))?",
    re.IGNORECASE,
)
_INLINE_CODE = re.compile(r"`[^`\n]+`")
_SOURCE_LINE = re.compile(r"^[ \t]*\[\^?\d{1,3}\]:.*$\n?", re.MULTILINE)

_NO_CLAIM = re.compile(
    r"(?:hello|hi|dear|sure|certainly|of course|thank|thanks|sorry|i'm sorry|i am sorry|i hope|let me know"
    r"|here (?:is|are)|i (?:do not|don't|cannot|can't|could not|couldn't) (?:know|find|answer|say|tell)"
    r"|(?:the|your) (?:documents?|passages?|text) (?:do|does) not|based on the (?:documents?|passages?)[^.]{0,20}$"
    r"|hallo|guten tag|bonjour|merci|hola|gracias|danke|gern|leider)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Attribution:
    """An answer as it is shown, its sentences, and the sources narrowed to what supports them."""

    text: str
    sentences: tuple[Sentence, ...]
    sources: tuple[Source, ...]

    @property
    def grounded(self) -> dict[str, int]:
        """How many sentences need support, and how many have it."""
        needing = [sentence for sentence in self.sentences if sentence.needs_support]
        return {"sentences": len(needing), "supported": sum(bool(sentence.sources) for sentence in needing)}


def attribute(raw: str, sources: Sequence[Source], question: str = "") -> Attribution:
    """Work out what supports each sentence of `raw`, the text as the student wrote it.

    `sources` carry their whole passage as quote. The numbers in brackets that the student wrote are taken out of the
    text: those that hold come back as a sentence's sources, which are computed without regard to them.
    """
    text = without_numbers(raw)
    reader = Reader(sources, question)
    sentences = []
    supports: dict[int, list[Support]] = {}
    for span in split(text):
        needs = needs_support(text[span.start : span.end], span)
        found = reader.supports(text[span.start : span.end]) if needs else []
        for support in found:
            supports.setdefault(support.source.n, []).append(support)
        sentences.append(Sentence(span.start, span.end, tuple(sorted(s.source.n for s in found)), needs))
    narrowed = tuple(_narrowed(source, supports.get(source.n, [])) for source in sources)
    return Attribution(text, tuple(sentences), narrowed)


def without_numbers(raw: str) -> str:
    """The text without the citation numbers written in it; code keeps its brackets."""
    return _without(_CITATION, _without(_SOURCE_LINE, raw))


def _without(pattern: re.Pattern[str], text: str) -> str:
    code = [(span.start, span.end) for span in split(text) if span.kind == "code"]
    code += [match.span() for match in _INLINE_CODE.finditer(text)]
    return pattern.sub(
        lambda match: match.group() if any(a <= match.start() and match.end() <= b for a, b in code) else "", text
    )


def needs_support(sentence: str, span: Span) -> bool:
    """Whether a sentence claims something: no greeting, heading, question, code, lead-in or remark about itself."""
    if span.kind in ("heading", "code"):
        return False
    bare = sentence.strip("*_ \t\r\n\"'“”„«»")
    bare = without_opening(bare)
    if bare.endswith(("?", "？", "؟", ":", "：")) or _NO_CLAIM.match(bare):
        return False
    content = said(bare)
    return bool(content.numbers) or len(content.words) >= (2 if span.kind == "prose" else 1)


def _narrowed(source: Source, supports: Sequence[Support]) -> Source:
    """The source, cut to the stretch of its passage that holds every place that supports something."""
    if not supports:
        return source
    return narrow(source, min(s.start for s in supports), max(s.end for s in supports))


def narrow(source: Source, start: int, end: int) -> Source:
    """A cited source, cut to `start:end` of its passage."""
    return dataclasses.replace(cut(source, start, end), cited=True)
