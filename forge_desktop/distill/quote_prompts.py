"""Which prompts a quote shows in full, and what stands in them for a draft or a critique that comes first."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.distill.quote_costs import Prompted

UNWRITTEN = (
    "[ THIS LINE IS NOT SENT. The student's draft will stand here: the run lets the student write it first, and only"
    " then asks the teacher. ]"
)
UNSAID = "[ THIS LINE IS NOT SENT. What a critic says of the draft, in a call before, will stand here. ]"
ABOUT_UNWRITTEN = (
    "Where the student will write a draft first, the prompts shown have a marked line in its place, which is not sent;"
    " the code that marks the blocks will be another one then, too."
)
_SHOWN = 5


def words_of_unwritten(characters: int) -> list[str]:
    """What is to be said of drafts that are not there yet, which are taken to be so long."""
    return [
        ABOUT_UNWRITTEN,
        f"Drafts that are not written yet count as {characters:,} characters, at worst as the longest.",
    ]


def words_of_critic(name: str) -> str:
    """What is to be said where somebody criticises drafts for others to answer."""
    return f"{name} criticises each draft in a call of its own first; that counts as a turn."


def to_show(
    teacher: str, critic: str, prompted: Sequence[Prompted]
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Some prompts as role and text, each with whom it is for."""
    asked = [(critic, each.critique[0]) for each in prompted[:1] if each.critique is not None]
    asked += [(teacher, each.ask.request) for each in prompted if each.ask is not None]
    some = [asked[place] for place in spread(range(len(asked)), _SHOWN)]
    return tuple((name, tuple((turn.role, turn.text) for turn in request.messages)) for name, request in some)


def spread(items: Sequence[int], most: int) -> list[int]:
    """All, or so many at even distances, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[place * (len(items) - 1) // (most - 1)] for place in range(most)]
