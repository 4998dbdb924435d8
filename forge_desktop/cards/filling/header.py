"""What a GGUF file says of itself: name, who made it, licence, languages, tags, what it was made from, its weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.filling.taken import Skipped, Taker, Values, put
from forge_desktop.cards.licences import OTHER, spelled
from forge_desktop.cards.records import Value
from forge_desktop.engine.gguf_header import Header, open_header

_WHOLE = ("F32", "F16", "BF16", "F64")
_LONGEST = 300  # characters of a text that is one line
_BASES = "That of its base, without which it cannot be used."
_WHY = {
    "licence": "The file does not say under which licence it is.",
    "provider": "The file does not say who made it.",
    "languages": "The file does not say which languages it knows.",
    "tags": "The file has no tags.",
    "base_model": "The file does not say which model it was made from.",
}


def fill(path: Path | str, take: Taker, values: Values, skipped: Skipped, *, adapter: bool = False) -> None:
    """Add what the header says; of the base of an adapter, what holds for both."""
    try:
        header = open_header(Path(path))
        facts = header.facts(chats=False)
    except ForgeError as error:
        skipped.append(("file", error.message))
        return
    put(values, _told(header, take, adapter=adapter))
    weights = sum(size for _, size in header.tensors)
    put(values, [("bits_per_weight", _of(take, round(8 * weights / facts.parameters, 3), unit="bits"))])
    if not adapter:
        put(values, _named(header, take, facts.quantisation))
    wanted = ("licence", "languages", "tags", *(() if adapter else ("provider", "base_model")))
    skipped += [(name, _WHY[name]) for name in wanted if name not in values]


def _of(take: Taker, data: object, *, unit: str = "", **detail: Any) -> Value:
    return take.value(data, "file", "file", unit=unit, **detail)


def _line(header: Header, *keys: str) -> tuple[str, str]:
    """The first of these that the header has as one line, and its key."""
    for key in keys:
        text = " ".join(header.text(key).split())
        if text and len(text) <= _LONGEST:
            return text, key
    return "", ""


def _told(header: Header, take: Taker, *, adapter: bool) -> Iterator[tuple[str, Value]]:
    """What holds for the file and for an adapter that is made for it."""
    licence, key = _line(header, "general.license")
    if licence:
        spdx = spelled(licence) or OTHER
        yield "licence", _of(take, spdx, key=key, said=licence, how=_BASES if adapter else "")
        name, key = _line(header, "general.license.name")
        if spdx == OTHER:
            yield "licence_name", _of(take, name or licence, key=key or "general.license")
        link, key = _line(header, "general.license.link")
        yield "licence_link", _of(take, link if link.startswith("http") else "", key=key)
    yield "languages", _of(take, _tags(header.words("general.languages")), key="general.languages")
    yield "tags", _of(take, header.words("general.tags"), key="general.tags")


def _named(header: Header, take: Taker, quantisation: str) -> Iterator[tuple[str, Value]]:
    """What holds for the file alone."""
    provider, key = _line(header, "general.organization", "general.author", "general.quantized_by")
    yield "provider", _of(take, provider, key=key)
    summary, key = _line(header, "general.description")
    yield "summary", _of(take, summary, key=key)
    base, key = _line(header, "general.base_model.0.repo_url", "general.base_model.0.name")
    if base:
        base = base.removeprefix("https://huggingface.co/")
        yield "base_model", _of(take, base, key=key)
        relation = "finetune" if quantisation in _WHOLE else "quantized"
        yield "base_relation", _of(take, relation, key=key, quantisation=quantisation)
    address, key = _line(header, "general.repo_url", "general.url", "general.source.url")
    yield "location", _of(take, address if address.startswith("http") else "", key=key)


def _tags(languages: list[str]) -> list[str]:
    """Those that are language tags: files have whole names among them too."""
    import langcodes

    return [tag for tag in dict.fromkeys(one.strip() for one in languages) if langcodes.tag_is_valid(tag)]
