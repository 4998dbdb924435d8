"""Decides which pairs train: what says the same as a better one, or what a suite measures, does not, until it may.

Nothing here removes: each decision is columns of a pair that can be taken back. All methods that write join the
caller's transaction, and read what it wrote.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import texts
from forge_desktop.distill import minhash
from forge_desktop.distill.decontaminate import Leak, SuiteIndex
from forge_desktop.distill.dedupe import Lesson, Neighbours, Thresholds, Twin, twin
from forge_desktop.distill.pair_lines import content_sha256
from forge_desktop.distill.records import Pair
from forge_desktop.distill.store_pairs import Keys, PairStore, Standing
from forge_desktop.distill.store_suites import SuiteStore
from forge_desktop.storage import Database

KEPT = "kept all the same"
DROPPED = "dropped"
_BY_PERSON = ("accepted", "edited")


class _Match(NamedTuple):
    standing: Standing
    found: Twin


class Keeper:
    """The judgement of pairs against each other and against every suite."""

    def __init__(self, db: Database, settings: SettingsFile) -> None:
        self._settings = settings
        self.store = PairStore(db)
        self.suites = SuiteStore(db)
        self._neighbours = Neighbours()
        self._index: tuple[object, SuiteIndex] = ((), SuiteIndex([]))

    # ---- a pair comes ----

    def keep(self, connection: sqlite3.Connection, pair: Pair) -> Pair:
        """Store a pair, judged; what it was worth is then told by the one that comes back."""
        earlier = self.store.of_task_uid(pair.task)
        for uid in {pair.uid, earlier or pair.uid}:
            self._leave(connection, uid)
        lesson = lesson_of(pair)
        keys = keys_of(lesson)
        leaks = self.leaks(lesson)
        approved = pair.accepted
        pair = replace(pair, sha256=content_sha256(pair), leaks=tuple(leak.suite.name for leak in leaks))
        if not pair.aside:
            pair = self._matched(connection, pair, lesson, keys, standing=approved and not leaks, but=earlier)
        accepted = approved and not (pair.duplicate_of or pair.leaks or pair.aside)
        self.store.put(connection, replace(pair, accepted=accepted), keys, approved=approved)
        self._neighbours.add(pair.uid, keys.minhash, keys.vector)
        return self.store.get(pair.uid) or pair

    def _matched(
        self, connection: sqlite3.Connection, pair: Pair, lesson: Lesson, keys: Keys, *, standing: bool, but: str | None
    ) -> Pair:
        """The pair, marked where a better one says the same; where it is the better one, those are marked."""
        matches = [
            match
            for match in self.matches(lesson, keys)
            if match.standing.uid not in (pair.uid, but)
            and (match.standing.accepted or (not standing and match.standing.waits))
        ]
        if not matches:
            return pair
        best = max(
            matches, key=lambda match: _rank(match.standing.reviewed, match.standing.method, match.standing.score)
        )
        rank = _rank(best.standing.reviewed, best.standing.method, best.standing.score)
        if not standing or _rank(pair.reviewed, pair.method, pair.quality.score) <= rank:
            similarity = round(best.found.similarity, 4)
            return replace(pair, duplicate_of=best.standing.uid, similarity=similarity, method=best.found.method)
        for match in matches:
            self._give_way(connection, match.standing.uid, pair.uid, match.found)
        return pair

    def matches(self, lesson: Lesson, keys: Keys) -> list[_Match]:
        """Stored pairs that say the same, those that came first first."""
        if not self._neighbours.is_filled:
            self._neighbours.fill(self.store.keys())
        signature, vector = np.frombuffer(keys.minhash, np.uint32), np.frombuffer(keys.vector, np.int8)
        near = self._neighbours.near(signature, vector)
        known = {one.uid: one for one in [*self.store.same_prompt(keys.exact), *self.store.standings(near)]}
        found = []
        for standing in known.values():
            same = twin(lesson, Lesson(standing.prompt, standing.final, standing.documents), self._thresholds())
            if same is not None:
                found.append(_Match(standing, same))
        return found

    def leaks(self, lesson: Lesson, index: SuiteIndex | None = None) -> list[Leak]:
        """What of a pair stands in suites."""
        values = self._settings.values
        return (index or self._suites()).leaks(lesson, share=values.duplicate_share, grams=values.leak_share)

    # ---- a pair's standing changes ----

    def judge_again(self, connection: sqlite3.Connection, uid: str) -> None:
        """Judge a stored pair as if it came now."""
        pair = self.store.get(uid)
        if pair is None:
            return
        lesson = lesson_of(pair)
        keys = keys_of(lesson)
        approved = self.store.standings([uid])[0].approved
        leaks = tuple(leak.suite.name for leak in self.leaks(lesson))
        fresh = replace(pair, leaks=leaks, duplicate_of="", similarity=None, method="")
        if pair.method == KEPT:
            fresh = replace(fresh, similarity=pair.similarity, method=KEPT)
        elif not fresh.aside:
            standing = approved and not leaks
            fresh = self._matched(connection, fresh, lesson, keys, standing=standing, but=None)
        self.store.change(
            connection,
            uid,
            leaks=leaks,
            duplicate_of=fresh.duplicate_of,
            similarity=fresh.similarity,
            method=fresh.method,
        )
        self._settle(connection, uid)

    def put_aside(self, connection: sqlite3.Connection, uids: Iterable[str], why: str) -> None:
        """Take pairs out of training; duplicates of theirs come up in their place."""
        for uid in uids:
            self.store.change(connection, uid, aside=why)
            self._leave(connection, uid)
            self._settle(connection, uid)

    def leak(self, connection: sqlite3.Connection, uid: str, names: Sequence[str]) -> None:
        """A pair stands in these suites."""
        self.store.change(connection, uid, leaks=tuple(names))
        self._leave(connection, uid)
        self._settle(connection, uid)

    def keep_all_the_same(self, connection: sqlite3.Connection, uid: str) -> None:
        """A duplicate trains too, by a person's word."""
        self.store.change(connection, uid, duplicate_of="", method=KEPT)
        self._settle(connection, uid)

    def decide(self, connection: sqlite3.Connection, pair: Pair, *, accepted: bool) -> Pair:
        """A person's decision is stored: `pair` holds their words; what is accepted is no duplicate any more."""
        if accepted and pair.aside not in ("", DROPPED):
            raise ForgeError("A suite took this pair to measure with.", hint="Remove the suite first.")
        lesson = lesson_of(pair)
        leaks = self.leaks(lesson)
        if accepted and leaks:
            held = leaks[0]
            raise ForgeError(
                f"This pair is in the suite {held.suite.name} (item {held.item.n}), so it may not be trained on.",
                hint="Change its words, or remove the suite.",
            )
        if accepted:
            pair = replace(pair, aside="")
        else:
            self._leave(connection, pair.uid)
        pair = replace(pair, leaks=tuple(leak.suite.name for leak in leaks), sha256=content_sha256(pair))
        if accepted and pair.duplicate_of:
            pair = replace(pair, duplicate_of="", method=KEPT)
        keys = keys_of(lesson)
        self.store.put(connection, replace(pair, accepted=accepted), keys, approved=accepted)
        self._neighbours.add(pair.uid, keys.minhash, keys.vector)
        return pair

    def put_back(self, connection: sqlite3.Connection, pair: Pair) -> None:
        """Store a pair exactly as it was before; what came up in its place gives way again."""
        held = bool(pair.duplicate_of or pair.leaks or pair.aside)
        lesson = lesson_of(pair)
        keys = keys_of(lesson)
        self.store.put(connection, pair, keys, approved=pair.accepted or (held and pair.reviewed != "rejected"))
        self._neighbours.add(pair.uid, keys.minhash, keys.vector)
        rank = _rank(pair.reviewed, pair.method, pair.quality.score)
        for match in self.matches(lesson, keys) if pair.accepted else ():
            other = match.standing
            theirs = _rank(other.reviewed, other.method, other.score)
            if other.uid != pair.uid and other.accepted and not theirs[0] and theirs <= rank:
                self._give_way(connection, other.uid, pair.uid, match.found)

    def delete(self, connection: sqlite3.Connection, uids: Iterable[str]) -> None:
        """Remove pairs for good; duplicates of theirs come up in their place."""
        for uid in uids:
            self._leave(connection, uid)
            self.store.delete(connection, uid)

    def _leave(self, connection: sqlite3.Connection, uid: str) -> None:
        """Let the best of a pair's duplicates take its place."""
        duplicates = self.store.duplicates_of(uid)
        heirs = [one for one in duplicates if one.approved and not one.leaks and not one.aside]
        heir = max(heirs, key=lambda one: _rank(one.reviewed, one.method, one.score)).uid if heirs else ""
        for one in duplicates:
            if one.uid == heir or not heir:
                self.store.change(connection, one.uid, duplicate_of="", similarity=None, method="")
            else:
                self.store.change(connection, one.uid, duplicate_of=heir)
            self._settle(connection, one.uid)

    def _give_way(self, connection: sqlite3.Connection, uid: str, better: str, found: Twin) -> None:
        for behind in self.store.duplicates_of(uid):
            self.store.change(connection, behind.uid, duplicate_of=better)
        self.store.change(
            connection, uid, duplicate_of=better, similarity=round(found.similarity, 4), method=found.method
        )
        self._settle(connection, uid)

    def _settle(self, connection: sqlite3.Connection, uid: str) -> None:
        for standing in self.store.standings([uid]):
            self.store.settle_task(connection, uid, why_not(standing))

    def _suites(self) -> SuiteIndex:
        state = self.suites.state()
        if self._index[0] != state:
            items = [(suite, item) for suite in self.suites.all() for item in self.suites.items(suite.uid)]
            self._index = (state, SuiteIndex(items))
        return self._index[1]

    def _thresholds(self) -> Thresholds:
        return Thresholds(self._settings.values.duplicate_share, self._settings.values.duplicate_cosine)


def lesson_of(pair: Pair) -> Lesson:
    """What is compared of a pair."""
    return Lesson(
        pair.prompt,
        pair.final,
        frozenset(one.document_sha256 for one in pair.evidence if one.cited and one.document_sha256),
    )


def keys_of(lesson: Lesson) -> Keys:
    """By what it is found again."""
    signature, vector = minhash.signature(lesson.text), texts.vectors([lesson.text])[0]
    return Keys(minhash.exact(lesson.prompt), signature.tobytes(), vector.tobytes())


def why_not(pair: Standing | Pair) -> str:
    """Why a pair does not train, as a sentence; "" where nothing but a decision is lacking."""
    if pair.aside == DROPPED:
        return "It was dropped."
    if pair.aside:
        return "A suite took it to measure with."
    if pair.leaks:
        return f"It is in the suite {', '.join(pair.leaks)}."
    if pair.duplicate_of:
        return f"It says the same as the pair {pair.duplicate_of[:8]}."
    return "It was rejected." if pair.reviewed == "rejected" else ""


def _rank(reviewed: str, method: str, score: float) -> tuple[bool, float]:
    """A pair that a person stood for is never taken for a duplicate; else the better score counts."""
    return (reviewed in _BY_PERSON or method == KEPT, score)
