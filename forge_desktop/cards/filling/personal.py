"""What lessons hold that can be told for personal data: addresses and numbers of people. The rest a person says."""

from __future__ import annotations

from collections.abc import Iterable

from forge_desktop.cards.filling.taken import Taker
from forge_desktop.cards.privacy.patterns import mails_in, phones_in
from forge_desktop.cards.records import Value


def personal_in(lessons: Iterable[str], count: int, take: Taker, run: str) -> Value:
    """Always "unknown", with what was counted: whether words are sensitive, no pattern shows."""
    mails = phones = 0
    for text in lessons:
        mails += bool(mails_in(text))
        phones += bool(phones_in(text))
    how = (
        f"Lessons with an e-mail address: {mails}, with a telephone number: {phones}, of {count}. Names and what"
        " is told of people cannot be counted: only a person can say whether it is sensitive."
    )
    return take.value("unknown", "run log", "adapter", n=count, run=run, how=how)
