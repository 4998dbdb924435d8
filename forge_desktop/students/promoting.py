"""Who answers: a version is put to work, promoted when a gate let it, and taken back to what was there before."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.engine import AdapterSpec, Engine, StudentSpec
from forge_desktop.students.effect import Effects
from forge_desktop.students.records_versions import Promotion, Version
from forge_desktop.students.remotes import Remotes
from forge_desktop.students.store import Base, Bases
from forge_desktop.students.store_versions import Versions, make_active, record
from forge_desktop.students.verifying import Verifying

if TYPE_CHECKING:
    from forge_desktop.chat import Chat

_AGAIN = "Import the file again in Students, or choose another student."
_REASON_WORDS, _REASON_LETTERS = 3, 12
_FIELDS_NAMED = 6  # of a card that lacks more: the card itself lists them all
_WORD = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]{2,}"
)  # a sign is a word where none is set apart


class NeedsReason(ForgeError):  # noqa: N818 - as ForgeError's other kinds, it says what is the matter
    """What speaks against a promotion can be outweighed by a typed reason."""


class Promoting:
    """Changes which version is active, and brings the engine and the chat in line with it.

    The flip is one transaction: a process that is killed leaves the old version active or the new one. An
    endpoint stands over the active version until one is promoted.
    """

    def __init__(
        self,
        versions: Versions,
        bases: Bases,
        events: Events,
        engine: Engine,
        chat: Chat | None,
        *,
        remotes: Remotes,
        effects: Effects,
    ) -> None:
        self._versions, self._bases, self._events = versions, bases, events
        self._engine, self._chat = engine, chat
        self._remotes, self.effects = remotes, effects
        self.verifying = Verifying(bases, versions)

    def use(self, *, asked: bool = False) -> None:
        """Let the engine and the chat work with the active version, unless an endpoint answers. Loads nothing."""
        if self._remotes.resume():
            return
        version = self._versions.active()
        base = None if version is None else self._bases.by_sha256(version.base_sha256)
        if version is None or base is None:
            if self._chat is not None:
                self._chat.use("", {})
            self._engine.use(None)
            return
        uid = version.uid
        if self._chat is not None:
            self._chat.use(version.template, version.retrieval, version=uid, label=version.label)
        self._engine.use(self.spec(version, base), check=lambda: self._refuse_changed(uid), asked=asked)

    def spec(self, version: Version, base: Base) -> StudentSpec:
        """What an engine needs to run it; its files are not looked at."""
        adapter = None if version.is_base else self._versions.adapter(version.adapter_sha256)
        on = None if adapter is None else AdapterSpec(adapter.path, adapter.sha256, version.scale)
        return StudentSpec(version.name, str(base.path), base.sha256, adapter=on, label=version.label)

    def verified(self, version: Version) -> StudentSpec:
        """The same, after a look at its files. Raises ForgeError when they are not what they were."""
        self._refuse_files(version)
        base = self._bases.by_sha256(version.base_sha256)
        assert base is not None, "or its files would have been refused"
        return self.spec(version, base)

    def promote(self, version: Version, *, who: str = "", why: str = "", override: str = "") -> Promotion:
        """Let it answer from now on. Raises ForgeError when something speaks against it."""
        started = time.monotonic()
        before = self._versions.active()
        if before is not None and before.uid == version.uid:
            self._refuse_files(version)
            self._remotes.give_up()
            return self._done(version, before, started)
        override = " ".join(override.split())
        against = self._against(version)
        self._refuse(version, against, override)
        what, reason = ("overridden", override) if against else ("promoted", why)
        detail = {"against": against, "why": why} if against else {}
        with self._versions.db.write() as connection:
            left = make_active(connection, version.uid)
            record(connection, version.uid, what, before=left, who=who, why=reason, detail=detail)
            self._remotes.give_up()
        return self._done(version, before, started, tuple(against))

    def rollback(self, *, who: str = "", why: str = "", from_version: str = "") -> Promotion:
        """Back to what was active before. Raises ForgeError when there is nothing, its files are not what they
        were, or another than `from_version` is active; then the active version stays.
        """
        started = time.monotonic()
        left = self._versions.active()
        self._refuse_other(left, from_version)
        version, skipped = self._earlier(left)
        self._refuse_files(version)
        with self._versions.db.write() as connection:
            before = make_active(connection, version.uid)
            if before != (left.uid if left else ""):  # in between somebody else changed who answers
                raise ForgeError("Another version answers by now; nothing was rolled back.", hint="Look again first.")
            record(connection, version.uid, "rolled back", before=before, who=who, why=why)
            self._remotes.give_up()
        return self._done(version, left, started, skipped)

    def _refuse_other(self, active: Version | None, wanted: str) -> None:
        """Two requests to go back from the same version are one step."""
        if wanted and active is not None and active.uid != wanted:
            meant = self._versions.get(wanted)
            name = meant.label if meant else wanted[:8]
            raise ForgeError(
                f"{active.label} answers now, not {name}; nothing was rolled back.",
                hint="Roll back from there if you mean that.",
            )

    def _done(
        self, version: Version, before: Version | None, started: float, warnings: tuple[str, ...] = ()
    ) -> Promotion:
        self._events.changed("versions", "students")
        self.use(asked=True)
        now = self._versions.get(version.uid)
        assert now is not None
        return Promotion(now, before, time.monotonic() - started, warnings)

    def _refuse(self, version: Version, against: list[str], override: str) -> None:
        """Raise what stands in the way of a promotion, whatever a person gives as reason or because there is none."""
        if version.state == "retired":
            raise ForgeError(f"{version.label} is retired.", hint="Bring it back first.")
        self._refuse_files(version)
        if against and not override:
            hint, commands = _way_on(version, against)
            raise NeedsReason(f"{' '.join(against)} It is not promoted.", hint=hint, commands=commands)
        words = {word.casefold() for word in _WORD.findall(override)}
        if against and (len(words) < _REASON_WORDS or len(override) < _REASON_LETTERS):
            raise NeedsReason(
                f"{override!r} is too short a reason for promoting {version.label} all the same.",
                hint="Say it in a few different words: it is kept in the history and stands on the card.",
            )
        if self.effects.nothing(version):
            raise ForgeError(
                f"{version.label} changes nothing: with its adapter the student answers as without.",
                hint="Train another one; a learning rate or a scale of zero does this.",
            )

    def _against(self, version: Version) -> list[str]:
        """What speaks against promoting it, in sentences; a reason can outweigh these."""
        found = []
        if not version.is_base and version.verdict != "passed":
            found.append(self._unproved(version))
        if missing := self._versions.missing_of_card(version.uid):
            found.append(f"The card of {version.label} is incomplete: {_some(missing)}.")
        return found

    def _unproved(self, version: Version) -> str:
        passed = [v for v in self._versions.of_adapter(version.adapter_sha256) if v.verdict == "passed"]
        if version.verdict == "failed":
            said = f"The gate refused {version.label}."
        elif version.verdict == "inconclusive":
            said = f"The gate of {version.label} could not decide, which is no pass."
        elif version.quarantined:
            said = f"The adapter of {version.label} came from elsewhere and no gate has passed it."
        else:
            said = f"{version.label} has not passed a gate."
        if passed and not version.verdict:
            said += f" Its gate passed the scale {passed[0].scale:g}, which is {passed[0].label}."
        return said

    def _refuse_files(self, version: Version) -> None:
        if problem := self.verifying.version(version):
            raise ForgeError(problem, hint=_AGAIN if version.is_base else _hint_of(version))

    def _refuse_changed(self, uid: str) -> None:
        """Called before each load."""
        version = self._versions.get(uid)
        if version is not None and (problem := self.verifying.version(version)):
            self._events.changed("students", "versions")
            raise ForgeError(problem, hint=_AGAIN if version.is_base else _hint_of(version))

    def _earlier(self, active: Version | None) -> tuple[Version, tuple[str, ...]]:
        """The version that was active before, and what was passed over on the way to it."""
        stack = _line_of(self._versions)
        if active is not None and (not stack or stack[-1] != active.uid):
            stack.append(active.uid)
        skipped: list[str] = []
        for uid in reversed(stack[:-1] if active is not None else stack):
            version = self._versions.get(uid)
            if version is None or (active is not None and uid == active.uid):
                continue  # it was removed, with its base
            if version.state == "retired":
                skipped.append(f"{version.label} was passed over: it is retired.")
            elif self._bases.by_sha256(version.base_sha256) is None:
                skipped.append(f"{version.label} was passed over: its base is not on this computer.")
            else:
                return version, tuple(skipped)
        was = "There is no active version" if active is None else f"{active.label} is the first one that was active"
        more = f" ({' '.join(skipped)})" if skipped else ""
        raise ForgeError(f"{was}, so there is nothing to go back to.{more}", hint="Promote another version instead.")


def _line_of(versions: Versions) -> list[str]:
    """The versions that were active one after the other, without those that were left by going back."""
    line: list[str] = []
    for step in versions.steps():
        if step.what == "rolled back":
            while line and line[-1] != step.version:
                line.pop()
        elif not line and step.before:
            line.append(step.before)
        if not line or line[-1] != step.version:
            line.append(step.version)
    return line


def _some(fields: Sequence[str]) -> str:
    more = f" and {len(fields) - _FIELDS_NAMED} more" if len(fields) > _FIELDS_NAMED else ""
    return ", ".join(fields[:_FIELDS_NAMED]) + more


def _way_on(version: Version, against: Sequence[str]) -> tuple[str, list[str]]:
    """What to do instead, and the commands of the command line that begin it."""
    gate, fill = f"gate {version.label} --suite NAME", f"card fill {version.label}"
    if len(against) > 1:
        return "Run its gate and complete its card, or give a reason that outweighs both.", [gate, fill]
    if version.is_base or version.verdict == "passed":
        return "Complete its card, or give a reason to promote it anyway.", [fill]
    return "Run its gate, or give a reason to promote it anyway.", [gate]


def _hint_of(version: Version) -> str:
    return f"Put the file back, or roll back to another version; {version.label} cannot be used without it."
