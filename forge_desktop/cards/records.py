"""What goes into and comes out of cards: plain frozen values. Times in epoch seconds, money in micro-dollars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["student", "adapter", "teacher", "embedder"]
CardState = Literal["draft", "published"]
Origin = Literal["measured", "hand"]
Source = Literal[
    "file",
    "registry",
    "measurement",
    "gate",
    "run log",
    "price table",
    "ledger",
    "headers",
    "endpoint",
    "shipped",
    "hand",
    "import",
]
NOT_KNOWN = "Not known: "  # begins why a field has no value, where a fill found out that nobody can know it
MEASURING: frozenset[Source] = frozenset({"measurement", "gate", "ledger", "headers"})
Severity = Literal["error", "warning"]
LeakKind = Literal["path", "document", "name", "key", "address"]


@dataclass(frozen=True)
class Value:
    """What stands in a field. `data` is as JSON has it, in the form of its field's type (see `fields.FieldType`).

    `source` says where it is from, `detail` how: "date", "machine", "n", "command", whatever the source tells.
    `rests_on` names what makes it stale once it changes, with its hash then: {"file": sha256, "build": …, "prices": …,
    "suite:<name>": …, "data": …}. `stale` is a sentence saying what changed, "" while nothing has; `causes` has the
    sentence of each name of `rests_on` that is another now.
    """

    data: object
    unit: str = ""
    origin: Origin = "hand"
    source: Source = "hand"
    detail: Mapping[str, object] = field(default_factory=dict)
    rests_on: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0
    stale: str = ""
    causes: Mapping[str, str] = field(default_factory=dict)

    @property
    def found(self) -> str:
        """What to call it beside the word of a person: only a figure that something measured is called that."""
        return "measured" if self.source in MEASURING else "filled in"


@dataclass(frozen=True)
class FieldState:
    """One field of a card: what was measured and what a person wrote, side by side.

    `not_applicable` says why it has no value, "" when it may have one. `taken_over`: by hand in the parent's card, and
    not looked at in this one yet.
    """

    field: str
    measured: Value | None = None
    hand: Value | None = None
    not_applicable: str = ""
    taken_over: bool = False

    @property
    def shown(self) -> Value | None:
        """What a reader of the card sees first: a person's word, else the measurement."""
        return self.hand or self.measured


@dataclass(frozen=True)
class Card:
    """A card as it is now. `subject` is the uid of its version or endpoint, "" for none; `label` names that for people.

    `orphan` is a sentence when what it is about is not here (any more). `document` is its Markdown, with every key and
    section that is not a field of ours; `broken` a text that could not be read, which waits to be mended, with
    `problem` saying where. `parent` is the uid of the card it was made from. `undoes` and `redoes` name
    the change that would be taken back or made again, "" for none.
    """

    uid: str
    kind: Kind
    subject: str
    label: str
    name: str
    state: CardState
    fields: Mapping[str, FieldState]
    document: str
    parent: str
    created: float
    changed: float
    broken: str | None = None
    problem: Problem | None = None
    orphan: str = ""
    undoes: str = ""
    redoes: str = ""

    @property
    def can_undo(self) -> bool:
        """Whether a change by hand can be taken back."""
        return bool(self.undoes)

    @property
    def can_redo(self) -> bool:
        """Whether one that was taken back can be made again."""
        return bool(self.redoes)

    @property
    def here(self) -> bool:
        """Whether it is about a version on this computer, which can be measured here."""
        return self.kind in ("student", "adapter") and bool(self.subject) and not self.orphan


@dataclass(frozen=True)
class BroughtIn(Card):
    """A card that was just brought in; `refused` is what of the file it could not take, with the sentence why."""

    refused: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class CardEntry:
    """A card in a list. `filled` of `required` fields are there; `stale` counts values that are no longer true."""

    uid: str
    kind: Kind
    subject: str
    label: str
    name: str
    state: CardState
    filled: int
    required: int
    stale: int
    errors: int
    changed: float
    orphan: str = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field, or a text. `line` and `column` count from 1 in the Markdown, 0: no place."""

    field: str
    message: str
    severity: Severity = "error"
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Completeness:
    """How complete a card is: required fields by section, and what is missing. `percent` is rounded down."""

    filled: int
    required: int
    missing: tuple[str, ...]
    sections: Mapping[str, tuple[int, int]]
    to_review: tuple[str, ...] = ()

    @property
    def percent(self) -> int:
        """Of the required fields, those that are there."""
        return 100 * self.filled // self.required if self.required else 100


@dataclass(frozen=True)
class CheckReport:
    """Everything a check finds: `stale` are (field, sentence), `leaks` what would leave and is hidden. `beside` are
    those of the stale fields that show a person's word: what was measured beside it does not stand in the way.
    """

    card: str
    completeness: Completeness
    problems: tuple[Problem, ...]
    stale: tuple[tuple[str, str], ...]
    leaks: tuple[Leak, ...]
    beside: tuple[str, ...] = ()

    @property
    def in_the_way(self) -> tuple[tuple[str, str], ...]:
        """Of what is stale, that which has to be true before the card is published."""
        return tuple(each for each in self.stale if each[0] not in self.beside)

    @property
    def ok(self) -> bool:
        """Whether it could be published as it is."""
        return not (self.completeness.missing or self.in_the_way or [p for p in self.problems if p.severity == "error"])


@dataclass(frozen=True)
class Leak:
    """Something private that a card says: which `text`, in which field, and why it is taken for private.

    `finding` names it by a hash of kind and text; exports put `hidden` in its place unless a person `revealed` it.
    """

    finding: str
    kind: LeakKind
    field: str
    text: str
    why: str
    hidden: str
    revealed: bool = False


@dataclass(frozen=True)
class Change:
    """A field that differs between two cards, or two versions of one; None where it is not there."""

    field: str
    before: object
    after: object
    unit_before: str = ""
    unit_after: str = ""
    what: str = ""


@dataclass(frozen=True)
class CardVersion:
    """A numbered state of a card, never changed. `sha256` is of its content."""

    card: str
    number: int
    sha256: str
    published: bool
    who: str
    note: str
    at: float


@dataclass(frozen=True)
class CardMention:
    """A card that says something that was looked for: as it is `now`, or in `versions` of it."""

    card: str
    name: str
    label: str
    now: bool
    versions: tuple[int, ...]


@dataclass(frozen=True)
class Filled:
    """What filling a card changed. `skipped` are (field or source, sentence): why nothing was measured for it. `stale`
    are (field, sentence): what is no longer true all the same, and what makes it true again.
    """

    card: str
    changes: tuple[Change, ...]
    skipped: tuple[tuple[str, str], ...]
    seconds: float
    stale: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Exported:
    """A file that an export wrote. `hidden` counts what the privacy scan took out."""

    path: str
    format: str
    bytes: int
    sha256: str
    hidden: int = 0


@dataclass(frozen=True)
class TextOutcome:
    """What became of a Markdown text that a person typed: taken in, or kept with the `problem` that stands in its way.

    `refused` are fields whose value in the text was not taken, with the sentence why.
    """

    taken: bool
    problem: Problem | None = None
    refused: tuple[Problem, ...] = ()
