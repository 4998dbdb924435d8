"""From hits to sources: what stands side by side is one stretch of text, widened to its neighbours where there is room.

A source is always one stretch of the stored text. Its parts are passages; the search found some of them, the others
came along so that the student sees whole paragraphs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

from forge_desktop.chat.records import Part, Source
from forge_desktop.corpus import Corpus
from forge_desktop.corpus.records import Hit, Passage

TextOf = Callable[[int, int, int], str]  # document id, start, end


def number_sources(hits: Sequence[Hit], known: Sequence[Source], text_of: TextOf) -> list[Source]:
    """The hits as sources, best first; what has a number in this conversation, or stands in what has, keeps it."""
    following = max((source.n for source in known), default=0) + 1
    found: list[Source] = []
    fresh: list[Hit] = []
    for hit in hits:
        holder = next((source for source in reversed(known) if _holds(source, hit.passage)), None)
        if holder is None:
            fresh.append(hit)
        elif holder.n not in (source.n for source in found):
            found.append(_found_again(holder, hits))
    for group in _side_by_side(fresh):
        found.append(_source(following, group, text_of))
        following += 1
    return sorted(found, key=lambda source: -source.score)


class Widener:
    """Adds to sources the passages around them, up to `reach` on either side, within their section."""

    def __init__(self, corpus: Corpus, reach: int) -> None:
        self._corpus, self._reach = corpus, reach

    def widened(self, source: Source, taken: Collection[int]) -> Source:
        """The source with its neighbours, as far as the next one of the passages `taken`, which stand elsewhere."""
        parts = parts_of(source)
        before = self._free(parts[0].passage_id, -1, taken)[::-1]
        after = self._free(parts[-1].passage_id, 1, taken)
        if not before and not after:
            return source
        first, last = (before or after)[0], (after or before)[-1]
        start, end = min(first.start, source.start), max(last.end, source.end)
        return dataclasses.replace(
            source,
            start=start,
            end=end,
            page=first.page if before else source.page,
            first_line=first.first_line if before else source.first_line,
            last_line=last.last_line if after else source.last_line,
            quote=self._corpus.shelf.stored_text(first.document_id, start, end),
            parts=(
                *(_part(passage, found=False) for passage in before),
                *parts,
                *(_part(passage, found=False) for passage in after),
            ),
        )

    def _free(self, passage_id: int, step: int, taken: Collection[int]) -> list[Passage]:
        """The passages next to this one in one direction, nearest first."""
        near = {passage.id: passage for passage in self._corpus.shelf.neighbours(passage_id, self._reach)}
        found = []
        while (passage_id := passage_id + step) in near and passage_id not in taken:
            found.append(near[passage_id])
        return found


def parts_of(source: Source) -> tuple[Part, ...]:
    """The passages a source is made of."""
    return source.parts or (Part(source.passage_id, source.start, source.end, source.page, found=True),)


def cut(source: Source, start: int, end: int) -> Source:
    """A whole source cut to `start:end` of its quote."""
    line_end = "\n" if "\n" in source.quote else "\r"
    first = source.first_line + source.quote.count(line_end, 0, start)
    place = source.start + start
    part = next((part for part in source.parts if part.start <= place < part.end), None)
    return dataclasses.replace(
        source,
        start=place,
        end=source.start + end,
        quote=source.quote[start:end],
        page=part.page if part else source.page,
        passage_id=part.passage_id if part else source.passage_id,
        first_line=first,
        last_line=first + source.quote.count(line_end, start, end),
    )


def found_part(source: Source) -> Source:
    """A whole source cut to what the search found of it."""
    found = [part for part in source.parts if part.found]
    if not found or len(found) == len(source.parts):
        return source
    return cut(source, found[0].start - source.start, found[-1].end - source.start)


def _holds(source: Source, passage: Passage) -> bool:
    same = source.document_sha256 == passage.document_sha256
    return same and source.start <= passage.start and passage.end <= source.end


def _found_again(source: Source, hits: Sequence[Hit]) -> Source:
    """An earlier source with what this question found of it."""
    inside = [hit for hit in hits if _holds(source, hit.passage)]
    places = {(hit.passage.start, hit.passage.end) for hit in inside}
    parts = tuple(dataclasses.replace(part, found=(part.start, part.end) in places) for part in source.parts)
    best = inside[0]
    return dataclasses.replace(
        source,
        passage_id=best.passage.id,
        score=best.score,
        bm25_rank=best.bm25_rank,
        vector_rank=best.vector_rank,
        cited=False,
        parts=parts if any(part.found for part in parts) else source.parts,
    )


def _side_by_side(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Hits that follow each other in a document under the same headings, together, in the order of the text."""
    groups: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda hit: hit.passage.id):
        last = groups[-1][-1].passage if groups else None
        here = hit.passage
        if (
            last is not None
            and (last.document_id, last.heading) == (here.document_id, here.heading)
            and here.id == last.id + 1
        ):
            groups[-1].append(hit)
        else:
            groups.append([hit])
    return sorted(groups, key=lambda group: -max(hit.score for hit in group))


def _source(n: int, group: Sequence[Hit], text_of: TextOf) -> Source:
    best = max(group, key=lambda hit: hit.score)
    first, last = group[0].passage, group[-1].passage
    alone = len(group) == 1
    return Source(
        n=n,
        path=first.path,
        document_sha256=first.document_sha256,
        passage_id=best.passage.id,
        start=first.start,
        end=last.end,
        page=first.page,
        heading=first.heading,
        first_line=first.first_line,
        last_line=last.last_line,
        quote=first.text if alone else text_of(first.document_id, first.start, last.end),
        score=best.score,
        bm25_rank=best.bm25_rank,
        vector_rank=best.vector_rank,
        cited=False,
        parts=() if alone else tuple(_part(hit.passage, found=True) for hit in group),
    )


def _part(passage: Passage, *, found: bool) -> Part:
    return Part(passage.id, passage.start, passage.end, passage.page, found=found)
