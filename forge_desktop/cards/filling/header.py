"""What a GGUF file says of itself: name, who made it, licence, languages, tags, what it was made from, its weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.filling.taken import Skipped, Taker, Values, put
from forge_desktop.cards.records import Value
from forge_desktop.engine.gguf_header import Header, open_header

_WHOLE = ("F32", "F16", "BF16", "F64")
_LONGEST = 300  # characters of a text that is one line
_WHY = {
    "licence": "The file does not say under which licence it is.",
    "provider": "The file does not say who made it.",
    "languages": "The file does not say which languages it knows.",
    "tags": "The file has no tags.",
    "base_model": "The file does not say which model it was made from.",
}


def fill(path: Path, take: Taker, values: Values, skipped: Skipped, *, adapter: bool = False) -> None:
    """Add what the header says; of the base of an adapter, what holds for both."""
    try:
        header = open_header(path)
        facts = header.facts(chats=False)
    except ForgeError as error:
        skipped.append(("file", error.message))
        return
    put(values, _told(header, take))
    weights = sum(size for _, size in header.tensors)
    put(values, [("bits_per_weight", _of(take, round(8 * weights / facts.parameters, 3), unit="bits"))])
    if not adapter:
        put(values, _named(header, take, facts.quantisation))
    wanted = ("licence", "provider", "languages", "tags", *(() if adapter else ("base_model",)))
    skipped += [(name, _WHY[name]) for name in wanted if name not in values]


def licence_of(text: str) -> str:
    """The SPDX identifier of a licence as files and hubs name it ("apache-2.0"); "other" for one that SPDX lacks."""
    from license_expression import get_spdx_licensing  # takes a second to read its list

    known = get_spdx_licensing().known_symbols
    wanted = text.strip().casefold()
    exact = next((key for key in known if key.casefold() == wanted and not key.startswith("LicenseRef")), None)
    return exact or "other"


def _of(take: Taker, data: object, *, unit: str = "", **detail: object) -> Value:
    return take.value(data, "file", "file", unit=unit, **detail)


def _line(header: Header, *keys: str) -> tuple[str, str]:
    """The first of these that the header has as one line, and its key."""
    for key in keys:
        text = " ".join(header.text(key).split())
        if text and len(text) <= _LONGEST:
            return text, key
    return "", ""


def _told(header: Header, take: Taker) -> Iterator[tuple[str, Value]]:
    """What holds for the file and for an adapter that is made for it."""
    licence, key = _line(header, "general.license")
    if licence:
        spdx = licence_of(licence)
        yield "licence", _of(take, spdx, key=key, said=licence)
        name, key = _line(header, "general.license.name")
        if spdx == "other":
            yield "licence_name", _of(take, name or licence, key=key or "general.license")
        link, key = _line(header, "general.license.link")
        yield "licence_link", _of(take, link if link.startswith("http") else "", key=key)
    provider, key = _line(header, "general.organization", "general.author", "general.quantized_by")
    yield "provider", _of(take, provider, key=key)
    yield "languages", _of(take, _tags(header.words("general.languages")), key="general.languages")
    yield "tags", _of(take, header.words("general.tags"), key="general.tags")


def _named(header: Header, take: Taker, quantisation: str) -> Iterator[tuple[str, Value]]:
    """What holds for the file alone."""
    name, key = _line(header, "general.name", "general.basename")
    yield "name", _of(take, name, key=key)
    version, key = _line(header, "general.version", "general.finetune", "general.size_label")
    yield "version", _of(take, version, key=key)
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
