"""Which heading, or which bold word in a list, stands for which field: our titles, and those that others use."""

from __future__ import annotations

import re

from forge_desktop.cards.fields import BY_KEY, FIELDS, SECTIONS

# In the order in which they count: the first that says something is the field. The hub's own template first.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "intended_use": (
        "direct use", "intended use", "intended uses", "intended uses and limitations", "primary intended uses",
        "use cases", "uses",
    ),
    "users": ("intended users", "primary intended users"),
    "out_of_scope": ("out-of-scope use", "out-of-scope uses", "out of scope use", "out-of-scope use cases"),
    "limitations": (
        "bias, risks, and limitations", "bias, risks and limitations", "limitations", "limitations and bias",
        "limitations and biases", "technical limitations", "risks and limitations", "known limits",
    ),
    "tradeoffs": ("performance trade-offs", "tradeoffs"),
    "safety": ("recommendations", "safety", "safety notes", "ethical considerations", "risks and mitigations"),
    "fairness": ("fairness assessment", "fairness assessments"),
    "how_to_start": (
        "how to get started with the model", "how to get started", "getting started", "how to use", "quickstart",
        "quick start", "usage",
    ),
    "evaluation": ("evaluation results",),
    "explainability": ("model examination",),
    "citation": ("citation information", "bibtex"),
    "contact": ("model card contact", "contact"),
}  # fmt: skip

BOLD: dict[str, tuple[str, ...]] = {
    "provider": ("developed by", "model creator", "provided by"),
    "contact": ("contact",),
}
"""Entries of a list that say a fact: "- **Developed by:** …"."""

BULLETS = ("changes", "cautions", "standards")
"""Lists whose items are sentences: they stand as a list under a heading of their own."""

LONG = ("text", "facts", "rows")
"""Types that have a heading of their own."""


def normal(title: str) -> str:
    """A title as it is compared: small letters, no marks around it, nothing optional."""
    title = re.sub(r"\[optional\]|[*_`#]|^\d+(\.\d+)*\.?\s", "", title.casefold().replace("&amp;", "&"))
    title = title.replace(" & ", " and ").strip(" :.\t")
    return re.sub(r"\s+", " ", title)


def _field_titles() -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for key, names in SYNONYMS.items():
        found.update({normal(name): (key, rank + 1) for rank, name in enumerate(names)})
    for field in FIELDS:
        if field.type in LONG or field.key in BULLETS:
            found[normal(field.title)] = (field.key, 0)
    return found


HEADINGS: dict[str, tuple[str, int]] = _field_titles()
"""Normal title to (field, rank): the lower rank counts where several stand for one field."""

SECTION_HEADINGS: dict[str, str] = {
    normal(title): key for key, title in SECTIONS if normal(title) not in HEADINGS and key != "identity"
}
CELLS: dict[str, str] = {
    normal(field.title): field.key for field in FIELDS if field.type not in LONG and field.key not in BULLETS
}
BOLD_FIELDS: dict[str, str] = {normal(name): key for key, names in BOLD.items() for name in names}


def has_heading(key: str) -> bool:
    """Whether a field stands under a heading of its own, not in a table of facts."""
    return BY_KEY[key].type in LONG or key in BULLETS
