"""Reads a card out of a JSON file: our own, CycloneDX or SPDX, whichever it is."""

from __future__ import annotations

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.formats import plain
from forge_desktop.cards.formats.foreign import ForeignCard, as_foreign


def read_json(data: bytes) -> ForeignCard:
    """What the file says. Raises ForgeError, one sentence, when it is none of these."""
    said = plain.loads(data)
    if isinstance(said, dict) and said.get("format") == plain.FORMAT:
        return as_foreign(plain.card_of(said), "json")
    if isinstance(said, dict) and said.get("bomFormat") == "CycloneDX":
        from forge_desktop.cards.formats.cyclonedx_reading import read_cyclonedx

        return read_cyclonedx(said)
    if isinstance(said, dict) and "spdx" in str(said.get("@context", "")):
        from forge_desktop.cards.formats.spdx_reading import read_spdx

        return read_spdx(said)
    raise ForgeError(
        "The file is neither a card of Forge Desktop nor CycloneDX nor SPDX 3.",
        hint="Cards are read from README.md, from JSON as Forge Desktop writes it, from CycloneDX and SPDX 3 JSON.",
    )
