"""What a version may be called: on one line, and so that nobody takes it for another version's label."""

from __future__ import annotations

import re
import unicodedata

from forge_desktop.base.errors import ForgeError

_LONGEST = 200
_LABEL = re.compile(r"v[0-9]+", re.IGNORECASE)


def cleaned(name: str) -> str:
    """A name from elsewhere without what moves a cursor or turns the reading direction, on one line."""
    plain = "".join(" " if sign.isspace() else sign for sign in name)
    plain = "".join(sign for sign in plain if unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))
    plain = " ".join(plain.split())[:_LONGEST].rstrip()
    return f"named {plain}" if _LABEL.fullmatch(plain) else plain


def checked_name(name: str) -> str:
    """A name that somebody typed, cleaned. Raises ForgeError for one that looks like a label."""
    if _LABEL.fullmatch(name.strip()):
        raise ForgeError(
            f"{name.strip()} would be taken for a version's label, so no version can be called so.",
            hint="Choose another name.",
        )
    return cleaned(name)
