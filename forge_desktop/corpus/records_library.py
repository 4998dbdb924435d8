"""What collections and folder sync give out: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

QuestionKind = Literal["vanished", "mass_deletion"]


@dataclass(frozen=True)
class Collection:
    """A named set of folders with one policy. `roots` are absolute paths; sizes in bytes, `synced` in epoch seconds.

    `documents` are those that can be searched, `failed` those that could not be read. `synced` is when the folder that
    waits longest was last looked through, None when one never was. `standing`: the one that always exists.
    """

    uid: str
    name: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    max_megabytes: int
    hidden: bool
    follow_links: bool
    never_send: bool
    roots: tuple[str, ...]
    documents: int
    passages: int
    failed: int
    bytes: int
    synced: float | None
    standing: bool


@dataclass(frozen=True)
class PolicyEffect:
    """What the next sync would do under another policy: what goes out of the index, and which files come in."""

    documents_out: int
    passages_out: int
    files_in: int
    bytes_in: int


@dataclass(frozen=True)
class SyncQuestion:
    """Files are gone in a way that may not be meant; nothing is removed until this is answered.

    `documents` of the folder's `total` are missing, since epoch seconds.
    """

    id: int
    root: str
    kind: QuestionKind
    documents: int
    total: int
    since: float


@dataclass(frozen=True)
class SyncState:
    """How folders are followed now. `mode` "off": neither watched nor looked through by itself.

    `watched` of `roots` folders are watched; the others are looked through every few minutes, `note` says why.
    `waiting` paths were touched and are not indexed yet.
    """

    mode: Literal["off", "watching", "polling"]
    roots: int = 0
    watched: int = 0
    waiting: int = 0
    questions: int = 0
    note: str = ""
