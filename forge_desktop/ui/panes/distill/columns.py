"""How a task is shown as a row: its columns and the pill of its state; and how states are called."""

from __future__ import annotations

from forge_desktop.base.money import shown
from forge_desktop.distill.records import TaskRow, TaskState
from forge_desktop.ui.widgets.windowed_table import Column
from forge_desktop.ui.widgets.words import safe_words

STATES: dict[TaskState, tuple[str, str, str]] = {
    # state: (word, kind of pill, icon)
    "queued": ("Queued", "mute", "clock"),
    "drafting": ("Drafting", "info", "pencil"),
    "asking": ("Teacher", "info", "sparkles"),
    "checking": ("Checking", "info", "shield-check"),
    "review": ("Review", "warn", "eye"),
    "kept": ("Kept", "ok", "circle-check"),
    "rejected": ("Rejected", "mute", "x"),
    "failed": ("Failed", "bad", "circle-alert"),
    "held": ("Held", "mute", "pause"),
    "cancelled": ("Cancelled", "mute", "circle-stop"),
}
FILTERS: tuple[tuple[str, tuple[TaskState, ...]], ...] = (
    ("All states", ()),
    ("Waiting", ("queued",)),
    ("Running", ("drafting", "asking", "checking")),
    ("To review", ("review",)),
    ("Kept", ("kept",)),
    ("Rejected", ("rejected",)),
    ("Failed", ("failed",)),
    ("Held", ("held",)),
    ("Cancelled", ("cancelled",)),
)
PAIR_KINDS = {"TRAIN_PAIR": "TRAIN", "REPAIR_PAIR": "REPAIR"}


def one_line(text: str, most: int = 300) -> str:
    """The beginning of a text on one line, in characters that Qt can show."""
    return safe_words(" ".join(text[: most * 2].split())[:most])


def any_text(text: str) -> str:
    """A text with its line ends, in characters that Qt can show."""
    return "\n".join(safe_words(line) for line in text.replace("\t", "    ").splitlines())


def state_pill(row: TaskRow) -> tuple[str, str, str]:
    """Word, kind and icon of a task's state."""
    return STATES[row.state]


def _quality(row: TaskRow) -> str:
    return "—" if row.quality is None else f"{row.quality:.2f}"


TASK_COLUMNS = (
    Column("Task", lambda r: one_line(r.question), "question", 320, stretch=True, tip=lambda r: one_line(r.question)),
    Column("State", lambda r: state_pill(r)[0], "state", 124, pill=state_pill, tip=lambda r: r.reason or None),
    Column("Pair", lambda r: PAIR_KINDS.get(r.pair_kind or "", "—"), "kind", 92, yields=3),
    Column("Quality", _quality, "quality", 128, meter=lambda r: r.quality, yields=2),
    Column("Cost", lambda r: shown(r.cost) if r.cost else "—", "cost", 100, right=True, yields=1),
    Column("Evidence", lambda r: f"{r.evidence:,}", "evidence", 92, right=True, yields=4),
)
