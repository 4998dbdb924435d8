"""What a collection takes from its folders (patterns, size, hidden files, links), and whether it may be sent.

Patterns are relative to the folder that was added, ignore case, and mean what they mean in a .gitignore file: `*.pdf`
at any depth, `/drafts` only at the top, `notes/` only folders, `a/**/b` across folders, `!keep.md` takes back.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.names import folded

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_PATTERNS = 200
_LENGTH = 1000
_MEGABYTES = 4096
_EXAMPLE = "Write patterns as in .gitignore: *.md, /drafts, notes/**, !keep.md."


@dataclass(frozen=True)
class Policy:
    """What a collection takes and where it may go. `include` empty: everything; `max_megabytes` 0: the setting's."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_megabytes: int = 0
    hidden: bool = False
    follow_links: bool = False
    never_send: bool = False


def changed_policy(policy: Policy, **changes: object) -> Policy:
    """The policy with these changes. Raises ForgeError naming what is not possible."""
    checked = {name: _checked(name, value) for name, value in changes.items()}
    return dataclasses.replace(policy, **checked)  # type: ignore[arg-type]


def _checked(name: str, value: object) -> object:
    if name in ("include", "exclude"):
        return _patterns(value)
    if name == "max_megabytes":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MEGABYTES:
            raise ForgeError(
                f"The largest file cannot be {value!r} MB.",
                hint=f"Choose a number from 1 to {_MEGABYTES:,}, or 0 for the setting's limit.",
            )
        return value
    if name not in ("hidden", "follow_links", "never_send"):
        raise ForgeError(f"A collection has no property called {name}.")
    if not isinstance(value, bool):
        raise ForgeError(f"{name} is yes or no, not {value!r}.")
    return value


def _patterns(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(pattern, str) for pattern in value):
        raise ForgeError("Patterns are given as a list of texts.", hint=_EXAMPLE)
    patterns = tuple(dict.fromkeys(pattern.strip() for pattern in value if pattern.strip()))
    if len(patterns) > _PATTERNS:
        raise ForgeError(f"A collection has at most {_PATTERNS} patterns, not {len(patterns):,}.")
    for pattern in patterns:
        if pattern.startswith("#"):
            raise ForgeError(f"{pattern} would be a comment.", hint=f"Write \\{pattern} for a name that begins with #.")
        if len(pattern) > _LENGTH or "\n" in pattern or "\0" in pattern:
            raise ForgeError(f"A pattern is one line of at most {_LENGTH:,} characters.", hint=_EXAMPLE)
        try:
            _spec((pattern,))
        except ValueError as error:
            raise ForgeError(f"{pattern} is not a pattern.", hint=_EXAMPLE) from error
    return patterns


def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # not needed by most runs

    return GitIgnoreSpec.from_lines([_line(folded(pattern)) for pattern in patterns], backend="simple")


def _line(text: str) -> str:
    """Names may hold line ends, at which a pattern's `*` would stop."""
    return text.replace("\n", "\u2424").replace("\r", "\u240d")


class PatternFilter:
    """Applies a policy's patterns to paths relative to one root."""

    def __init__(self, policy: Policy) -> None:
        self._include = _spec(policy.include) if policy.include else None
        self._exclude = _spec(policy.exclude) if policy.exclude else None

    @property
    def is_open(self) -> bool:
        """Whether it lets everything through."""
        return self._include is None and self._exclude is None

    def enters(self, root: bytes, folder: bytes) -> bool:
        """Whether anything inside this folder may fit."""
        return self._exclude is None or not self._exclude.match_file(_relative(root, folder) + "/")

    def takes(self, root: bytes, path: bytes) -> bool:
        """Whether this file fits."""
        if self.is_open:
            return True
        relative = _relative(root, path)
        if self._include is not None and not self._include.match_file(relative):
            return False
        return self._exclude is None or not self._exclude.match_file(relative)


def _relative(root: bytes, path: bytes) -> str:
    name = os.fsdecode(path[len(root) :]).replace(os.sep, "/").strip("/")
    return _line(folded(name))
