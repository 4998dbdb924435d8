"""The hub's names of licences and SPDX's: the hub takes a short list in small letters, all others are "other"."""

from __future__ import annotations

import re

from forge_desktop.cards.licensing import HUB_IDS

# SPDX ids that the hub lists (its documentation of repositories' licences); its own name is the id in small letters.
_BOTH = (
    "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "ISC", "Zlib", "Unlicense", "WTFPL",
    "AFL-3.0", "Artistic-2.0", "BSL-1.0", "ECL-2.0", "MS-PL", "NCSA", "OSL-3.0", "PostgreSQL", "OFL-1.1", "LPPL-1.3c",
    "MPL-2.0", "EPL-1.0", "EPL-2.0", "EUPL-1.1", "EUPL-1.2", "AGPL-3.0", "GPL-2.0", "GPL-3.0", "LGPL-2.1", "LGPL-3.0",
    "CC0-1.0", "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.0",
    "CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-2.0",
    "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0", "CDLA-Sharing-1.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "C-UDA-1.0",
)  # fmt: skip
_TO_SPDX = {
    **{name.casefold(): name for name in _BOTH},
    "odbl": "ODbL-1.0",
    "pddl": "PDDL-1.0",
}
_TO_HUB = {spdx.casefold(): hub for hub, spdx in _TO_SPDX.items()}

_EXPRESSION = re.compile(r"[A-Za-z0-9.+()-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+()-]+)+")


def from_hub(licence: str, name: str) -> tuple[str, str]:
    """Our licence and its name for the hub's `license` and `license_name`."""
    small = licence.strip().casefold()
    if small in _TO_SPDX:
        return _TO_SPDX[small], name
    if small == "other":
        return (name, "") if _EXPRESSION.fullmatch(name) else ("other", name)
    return (small, name) if small in HUB_IDS else (licence.strip(), name)


def to_hub(licence: str, name: str) -> tuple[str, str]:
    """The hub's `license` and `license_name` for ours; both empty where there is none."""
    if not licence:
        return "", name
    small = licence.casefold()  # people write "mit", as the hub does
    if small in _TO_HUB:
        return _TO_HUB[small], name
    if small == "other" or small in HUB_IDS:
        return small, name
    return "other", name or licence
