"""The library's words: columns of what a hub offers and of what a folder holds, and their pills."""

from __future__ import annotations

import datetime

from forge_desktop.base.paths import shown_path
from forge_desktop.students.records_library import TRAINABLE, FoundFile, HubModel, Offer
from forge_desktop.ui.panes.students.rows import parameters_in_words
from forge_desktop.ui.widgets.windowed_model import Column
from forge_desktop.ui.widgets.words import file_name, safe_words, size_words

Pill = tuple[str, str, str]

_FITS: dict[str, Pill] = {
    "fits": ("Fits", "ok", "circle-check"),
    "tight": ("Tight", "warn", "triangle-alert"),
    "does not fit": ("Does not fit", "bad", "circle-alert"),
    "unknown": ("Not known", "mute", "circle-help"),
}


def day_words(date: str) -> str:
    """ "2026-05-01" as "1 May 2026"."""
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        return "—"
    return f"{day.day} {day:%b %Y}"


def model_pill(model: HubModel) -> Pill:
    """What sets a repository apart from others in the list."""
    if model.problem:
        return ("No chat model", "mute", "circle-alert")
    if model.gated:
        return ("Gated", "warn", "shield-check")
    if model.architecture in TRAINABLE:
        return ("Trainable", "ok", "flask-conical")
    return ("Usable", "mute", "circle-check")


def fit_pill(offer: Offer) -> Pill:
    """Whether a file fits on this computer."""
    return ("Not usable", "mute", "circle-alert") if offer.problem else _FITS[offer.fit.word]


def offer_words(offer: Offer) -> str:
    """What its row says of a file: why it is refused, else how much of it is here, else what its fit rests on."""
    if offer.problem:
        return safe_words(offer.problem)
    if offer.student:
        return "Here"
    if offer.done:
        return f"{offer.done / max(1, offer.file.bytes):.0%} are here"
    return "—" if offer.read else "Fit estimated by size"


def found_pill(found: FoundFile) -> Pill:
    """What became of a file in a folder."""
    if found.problem:
        return ("Not usable", "mute", "circle-alert")
    return ("Here", "ok", "circle-check") if found.student else ("New", "info", "plus")


def _fit_tip(offer: Offer) -> str:
    return offer.problem or offer.fit.sentence


def _parameters(count: int) -> str:
    return parameters_in_words(count) if count else "—"


MODELS = (
    Column("Repository", lambda m: safe_words(m.name), width=260, stretch=True, middle=True, tip=lambda m: m.problem),
    Column("Parameters", lambda m: _parameters(m.parameters), width=100, right=True, yields=2),
    Column("Downloads", lambda m: f"{m.downloads:,}", width=104, right=True, yields=1),
    Column("Licence", lambda m: safe_words(m.licence) or "not named", width=120),
    Column("Updated", lambda m: day_words(m.updated), width=110, yields=3),
    Column("State", lambda m: model_pill(m)[0], width=140, pill=model_pill, tip=lambda m: m.problem or None),
)

OFFERS = (
    Column("File", lambda o: safe_words(o.file.name), width=200, stretch=True, middle=True, tip=lambda o: o.file.name),
    Column("Quantisation", lambda o: safe_words(o.file.quantisation) or "—", width=112, yields=1),
    Column("Size", lambda o: size_words(o.file.bytes), width=84, right=True),
    Column("On this computer", lambda o: fit_pill(o)[0], width=132, pill=fit_pill, tip=_fit_tip),
    Column("Note", offer_words, width=166, tip=lambda o: o.problem or None),
)

FOUND = (
    Column("File", lambda f: file_name(f.path), width=200, stretch=True, middle=True, tip=lambda f: shown_path(f.path)),
    Column("Student", lambda f: safe_words(f.name), width=170, middle=True, yields=5, tip=lambda f: f.name),
    Column("Architecture", lambda f: safe_words(f.architecture) or "—", width=108, yields=2),
    Column("Parameters", lambda f: _parameters(f.parameters), width=96, right=True, yields=1),
    Column("Size", lambda f: size_words(f.bytes), width=84, right=True, yields=4),
    Column("State", lambda f: found_pill(f)[0], width=122, pill=found_pill, tip=lambda f: f.problem or None),
)
