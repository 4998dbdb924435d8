"""What the documents say themselves, quoted with citations: where no student answers, or none of it holds."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.chat.attribution import Attribution, narrow
from forge_desktop.chat.records import Sentence, Source
from forge_desktop.chat.sentences import Span, split
from forge_desktop.chat.words import found_in, said

_QUOTES, _QUOTES_BESIDE = 3, 2
_LONGEST = 600  # characters of one quotation
_FIT_BEST = "These passages of your documents fit the question best:"
_NOTHING = "Nothing in your documents fits the question."


def quotation(question: str, offered: Sequence[Source], reason: str) -> Attribution:
    """An answer made of quotations. `offered` are whole passages, best first; `reason` says why nobody answers."""
    text = f"{reason} {_FIT_BEST if offered else _NOTHING}"
    sentences = (Sentence(0, len(reason), (), False), Sentence(len(reason) + 1, len(text), (), False))
    return _with_quotes(Attribution(text, sentences, tuple(offered)), question, _QUOTES)


def beside(found: Attribution, question: str) -> Attribution:
    """A student's answer that nothing supports, followed by what the best passages say themselves."""
    text = f"{found.text}\n\n{_FIT_BEST}"
    remark = Sentence(len(text) - len(_FIT_BEST), len(text), (), False)
    return _with_quotes(Attribution(text, (*found.sentences, remark), found.sources), question, _QUOTES_BESIDE)


def _with_quotes(before: Attribution, question: str, quotes: int) -> Attribution:
    text, sentences = before.text, list(before.sentences)
    narrowed: dict[int, Source] = {}
    for source in before.sources[:quotes]:
        start, end = _best_stretch(question, source.quote)
        quote = source.quote[start:end]
        if not quote:
            continue
        text += "\n\n"
        begun = len(text)
        text += "\n".join(f"> {line}".rstrip() for line in quote.splitlines())
        sentences.append(Sentence(begun, len(text), (source.n,), True))
        narrowed[source.n] = narrow(source, start, end)
    return Attribution(text, tuple(sentences), tuple(narrowed.get(source.n, source) for source in before.sources))


def _best_stretch(question: str, text: str) -> tuple[int, int]:
    """The neighbouring sentences that hold most of the question's words and numbers; the beginning when none does."""
    spans = split(text)
    if not spans:
        return 0, 0
    asked = said(question)
    contents = [said(text[span.start : span.end]) for span in spans]
    best, best_score = (0, 0), -len(spans) - 1.0
    only_headings = all(span.kind == "heading" for span in spans)
    for first in range(len(spans)):
        if spans[first].kind == "heading" and not only_headings:
            continue  # a quotation says something itself
        words = frozenset[str]()
        numbers = frozenset[str]()
        for last in range(first, len(spans)):
            if last > first and spans[last].end - spans[first].start > _LONGEST:
                break
            words |= contents[last].words
            numbers = numbers.union(*(number.forms for number in contents[last].numbers))
            held = sum(found_in(word, words) for word in asked.words)
            held += sum(not number.forms.isdisjoint(numbers) for number in asked.numbers)
            score = held - 0.2 * (last - first)
            if score > best_score:
                best, best_score = (first, last), score
    return _whole_table(text, spans, *best)


def _whole_table(text: str, spans: Sequence[Span], first: int, last: int) -> tuple[int, int]:
    """A row is quoted with its table's header, where that stands close enough above."""
    head = first
    while head > 0 and spans[head].kind == "row":
        head -= 1
    if spans[head].kind == "heading" and spans[last].end - spans[head].start <= _LONGEST:
        first = head
    return spans[first].start, min(spans[last].end, spans[first].start + _LONGEST)
