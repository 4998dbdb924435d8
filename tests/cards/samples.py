"""Cards with everything in them, for tests: made by the fields' types, the same every time."""

from __future__ import annotations

from forge_desktop.cards.fields import Field, of_kind
from forge_desktop.cards.records import Card, FieldState, Kind, Value

SHA = "0123456789abcdef" * 4
AT = 1_790_000_000.25
_LINES = {
    "name": "forge-v12", "version": "12.0.0", "provider": "A small workshop", "licence_name": "",
    "base_model": "SmolLM2", "autonomy": "none: it answers and does nothing", "architecture": "llama",
    "learning": "supervised fine-tuning (LoRA)",
}  # fmt: skip
_ROWS = {
    "evaluation": [
        {"task": "question-answering", "dataset": "contracts", "revision": "3", "split": "test", "metric": "grounded",
         "value": 0.91, "unit": "share", "n": 220, "baseline": "v11", "difference": 0.13, "low": 0.08, "high": 0.18,
         "less_is_better": False, "date": "2026-11-20", "source": "gate", "verified": True},
        {"task": "question-answering", "dataset": "contracts", "metric": "refusal", "value": 0.86, "n": 220},
        {"metric": "latency", "value": 812.5, "unit": "ms", "less_is_better": True},
    ],
    "training_data": [{"name": "pairs of November", "sha256": SHA, "rows": 402, "train_rows": 362,
                       "validation_rows": 40, "documents": 31, "classification": "internal"}],
    "teachers": [{"name": "gpt-x", "model": "gpt-x-1", "pairs": 402, "share": 1.0, "cost": 1_234_567,
                  "may_train": "yes"}],
}  # fmt: skip


def data_of(field: Field) -> object:
    """Something that a field may hold."""
    if field.type == "rows":
        return [dict(row) for row in _ROWS[field.key]]
    if field.type == "choice":
        return field.choices[0]
    plain: dict[str, object] = {
        "line": _LINES.get(field.key, f"a line of {field.title}"),
        "text": f"Some *text* of {field.title}.\n\n- one\n- two",
        "list": ["text", "second entry"],
        "licence": "Apache-2.0",
        "languages": ["en", "it", "zh-Hant"],
        "url": f"https://example.org/{field.key}",
        "contact": "someone@example.org",
        "date": "2026-11-20",
        "hash": SHA,
        "count": 8192,
        "number": 4.5,
        "bytes": 94_371_840,
        "money": 150_000,
        "spread": {"p50": 41.8, "p95": 46.2},
        "facts": {"rank": 16, "seed": 7, "rate": 0.0002, "schedule": "cosine", "packed": True},
    }
    return plain[field.type]


def value_of(field: Field, *, origin: str = "hand", data: object = None) -> Value:
    """A value with where it is from."""
    unit = field.units[0] if field.units else ""
    held = data_of(field) if data is None else data
    if origin == "hand":
        return Value(held, unit, at=AT)
    detail = {"n": 20, "machine": "a computer with 8 cores", "command": "forge-desktop measure v12"}
    return Value(held, unit, "measured", "measurement", detail, {"file": SHA, "build": "b9001"}, AT, "")


def full_card(kind: Kind = "adapter", **data: object) -> Card:
    """A card with every field of its kind, those that are filled measured; `data` stands by hand beside them."""
    fields = {}
    for field in of_kind(kind):
        measured = value_of(field, origin="measured") if field.filled else None
        hand = None if field.filled else value_of(field)
        if field.key in data:
            hand = value_of(field, data=data[field.key])
        if (hand or measured) is not None and (hand or measured).data not in ("", None):  # type: ignore[union-attr]
            fields[field.key] = FieldState(field.key, measured, hand)
    fields["fairness"] = FieldState("fairness", not_applicable="Nothing about people is decided by it.")
    return Card(
        uid="5b2f0c1e-0000-4000-8000-000000000001", kind=kind, subject=SHA, label="v12", name="forge-v12",
        state="draft", fields=fields, document="# forge-v12\n\nA text of its own.\n", parent="", created=AT, changed=AT,
    )  # fmt: skip


def empty_card(kind: Kind = "student") -> Card:
    """A card of which nothing is known."""
    return Card(
        uid="", kind=kind, subject="", label="", name="", state="draft", fields={}, document="", parent="", created=0.0,
        changed=0.0,
    )  # fmt: skip


def with_texts(text: str, kind: Kind = "adapter") -> Card:
    """A card with the same text in each field that holds texts, deep ones too."""
    own: dict[str, object] = {}
    for field in of_kind(kind):
        if field.type in ("line", "text"):
            own[field.key] = text
        elif field.type == "list":
            own[field.key] = [text, text]
        elif field.type == "facts":
            own[field.key] = {text: text}
        elif field.type == "rows":
            own[field.key] = [{**row, **dict.fromkeys(("name", "metric", "task"), text)} for row in _ROWS[field.key]]
    return full_card(kind, **own)


def many_rows(count: int) -> list[dict[str, object]]:
    """Rows of an evaluation."""
    return [
        {"task": "question-answering", "dataset": f"set {n // 10}", "metric": f"metric {n}", "value": n / count,
         "unit": "share", "n": 100 + n, "baseline": "v11", "difference": (n - 100) / 1000, "low": (n - 120) / 1000,
         "high": (n - 80) / 1000}
        for n in range(count)
    ]  # fmt: skip
