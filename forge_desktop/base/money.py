"""Money in words and back: inside it is integer micro-dollars, outside a decimal text. Never a float."""

from __future__ import annotations

import re
from decimal import Decimal

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.numbers import plain, twofold

MICRO = 1_000_000
_MOST = 1_000_000_000 * MICRO
_DOLLARS = re.compile(r"\$?\s*(.*?)\s*(?:USD|\$)?", re.IGNORECASE | re.DOTALL)
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,6})?|\.\d{1,6}", re.ASCII)


def parse_usd(text: str) -> int:
    """The micro-dollars of "12.50" or "$12.50". Raises ForgeError for anything that could be meant otherwise."""
    dollars = _DOLLARS.fullmatch(text.strip())
    number = plain(dollars[1], whole=False) if dollars else ""
    amount = int(Decimal(number) * MICRO) if _AMOUNT.fullmatch(number) else -1
    if not 0 <= amount <= _MOST:
        why = f", as it {twofold(text)}" if twofold(text) else ""
        raise ForgeError(
            f"{text.strip()[:40]!r} is no amount of dollars{why}.",
            hint="Write it like 12.50, with at most six decimal places.",
        )
    return amount


def usd(amount: int) -> str:
    """12,500,000 as "12.500000": what stands in JSON and CSV."""
    whole, rest = divmod(abs(amount), MICRO)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:06d}"


def exact(amount: int) -> str:
    """12,500,000 as "12.50", 1 as "0.000001": every digit that counts, at least two after the point. To be typed."""
    text = usd(amount)
    return text[:-4] + text[-4:].rstrip("0")


def shown(amount: int) -> str:
    """12,500,000 as "$12.50": cents, four places below a dollar, six below a cent. For reading, rounded half up."""
    size = abs(amount)
    step = 10_000 if size >= MICRO else 100 if size >= 10_000 else 1
    rounded = (size + step // 2) // step * step
    return f"{'-' if amount < 0 else ''}${exact(rounded)}"
