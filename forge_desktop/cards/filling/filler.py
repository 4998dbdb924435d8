"""Fills a card by its kind: what is known at once, and what has to be read or measured first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from forge_desktop.cards import fields, grounds
from forge_desktop.cards.filling import embedders, endpoints, gates, header, measured, shipped, training, versions
from forge_desktop.cards.filling.taken import Skipped, Taker, Values, put
from forge_desktop.cards.footing import Footing, of_price, refuse_touched
from forge_desktop.cards.records import Card, Kind, Value

if TYPE_CHECKING:
    from forge_desktop.providers.records_ledger import EndpointCalls
    from forge_desktop.students import Students
    from forge_desktop.students.records_measure import Measurement
    from forge_desktop.students.rooms import Rooms

_NOBODY = "This is nothing that can be read or measured: a person writes it."
_NOT_TOLD = "Nothing that was looked at tells it: a person can write it."
_NOTHING = "What this card is about is not on this computer, so nothing can be filled in."


class Filler:
    """Fills cards of any kind. `measure` of a fill is a Measurement of the version, else its newest one counts."""

    def __init__(self, rooms: Rooms, students: Students) -> None:
        self._rooms, self._students = rooms, students
        self._footing = Footing(rooms, students)

    def fill(
        self, card: Card, check: Callable[[], None], *, measure: Measurement | None = None
    ) -> tuple[dict[str, Value], list[tuple[str, str]]]:
        """Every value that can be known, by its field; and what was skipped (field or source), with a sentence why.

        `check` is called now and then, and ends it by raising.
        """
        check()
        skipped: Skipped = []
        values: Values = {}
        if card.kind in ("student", "adapter"):
            self._version(card.subject, values, skipped, check, measure)
        else:
            self._endpoint(card.kind, card.subject, values, skipped, check)
        kept = _of_kind(card.kind, values)
        return kept, _worded(card, kept, skipped)

    def cheap(self, kind: Kind, subject: str) -> dict[str, Value]:
        """What tables tell at once: no file is read, nothing measured."""
        take, values = Taker(self._footing.without_suites(kind, subject)), Values()
        if kind in ("student", "adapter"):
            found = grounds.of_version(self._rooms, self._students, subject)
            if found is not None:
                take = self._taker(found)
                put(values, shipped.told(found, take))
                self._of_tables(found, take, values, self._measured(found.version.uid))
        elif (endpoint := grounds.of_endpoint(self._rooms, subject)) is not None:
            put(values, endpoints.told(endpoint, kind, take, self._rooms))
        elif (local := grounds.local_embedder(self._rooms)) is not None and local.sha256 == subject:
            embedders.cheap(local, take, values)
        return _of_kind(kind, values)

    def _measured(self, version: str) -> Measurement | None:
        """The benchmark of a version that counts; what benchmarks need is not loaded where there is none."""
        if not self._students.was_measured(version):
            return None
        return measured.to_show(self._students.measures.all(version), self._rooms.engine.build)

    def _taker(self, found: grounds.VersionGrounds) -> Taker:
        """What is known of a version's files is known of those that were imported, whatever lies there now."""
        version = found.version
        footing = self._footing.without_suites("student" if version.is_base else "adapter", version.uid)
        adapter = {} if version.is_base else {"adapter": version.adapter_sha256}
        return Taker({**footing, "file": version.base_sha256, **adapter})

    def _of_tables(
        self, found: grounds.VersionGrounds, take: Taker, values: Values, measure: Measurement | None
    ) -> None:
        """Each source after the one that knows less: what was measured here comes last."""
        put(values, versions.told(found, take, self._rooms))
        put(values, training.told(found, take))
        put(values, gates.told(found, take))
        if measure is not None:
            put(values, measured.told(measure, take))

    def _version(
        self,
        subject: str,
        values: Values,
        skipped: Skipped,
        check: Callable[[], None],
        measure: Measurement | None,
    ) -> None:
        found = grounds.of_version(self._rooms, self._students, subject)
        if found is None:
            skipped.append(("subject", _NOTHING))
            return
        problems = refuse_touched(self._students, found)
        if "touched" in (found.seen, found.adapter_seen):
            found = grounds.of_version(self._rooms, self._students, subject) or found
        skipped += problems.items()
        check()
        version = found.version
        take = self._taker(found)
        measure = measure or self._measured(version.uid)
        put(values, shipped.told(found, take))
        if found.student is not None and "file" not in problems:
            header.fill(found.student.path, take, values, skipped, adapter=not version.is_base)
        check()
        self._of_tables(found, take, values, measure)
        training.read(found, take, values, skipped, self._rooms, self._students)
        check()
        skipped += [*versions.skipped(found), *gates.skipped(found), *measured.skipped(measure)]

    def _endpoint(self, kind: Kind, subject: str, values: Values, skipped: Skipped, check: Callable[[], None]) -> None:
        take = Taker(self._footing.of(kind, subject))
        found = grounds.of_endpoint(self._rooms, subject)
        if found is None:
            local = grounds.local_embedder(self._rooms)
            if local is None or local.sha256 != subject:
                skipped.append(("subject", _NOTHING))
                return
            embedders.cheap(local, take, values)
            embedders.fill(local, take, values, skipped)
            check()
            embedders.timed(local, take, values, skipped, self._rooms, check)
            return
        put(values, endpoints.told(found, kind, take, self._rooms))
        of, pairs = (found.endpoint.uid, found.endpoint.model), self._rooms.distill.pairs
        calls = self._rooms.providers.ledger.calls(*of, found.price.sha256 if found.price is not None else "")
        check()
        put(values, endpoints.asked(calls, pairs.taught(*of), kind, take))
        if calls.paid:
            put(values, endpoints.paid(calls, pairs.taught(*of, calls.priced), self._price(found, calls), kind, take))
        skipped += endpoints.skipped(found, kind, values)

    def _price(self, found: grounds.EndpointGrounds, calls: EndpointCalls) -> str:
        """The price at which was paid, as a footing."""
        sha256 = calls.price_sha256
        if found.price is not None and found.price.sha256 == sha256:
            return of_price(found.price)
        return of_price(self._rooms.providers.prices.typed(found.endpoint, sha256)) or f"another one #{sha256}"


def _of_kind(kind: Kind, values: Values) -> Values:
    """Those that cards of this kind have."""
    return {field.key: values[field.key] for field in fields.of_kind(kind) if field.key in values}


def _worded(card: Card, values: Values, skipped: Skipped) -> Skipped:
    """What is still not there, each once, in the order of the fields; what belongs to no field first."""
    by_field = _reasons(card, values, skipped)
    if "subject" in by_field:  # it holds for every field
        return [("subject", by_field["subject"])]
    lacking: dict[str, str] = {}
    for known in fields.of_kind(card.kind):
        state = card.fields.get(known.key)
        written = state is not None and (state.hand is not None or state.not_applicable)
        if known.key in values or written:
            continue
        if known.key in by_field:
            lacking[known.key] = by_field[known.key]
        elif known.required_for(card.kind) and (state is None or state.measured is None):  # what was read once stays
            lacking[known.key] = _NOBODY
    others = [(field, why) for field, why in by_field.items() if field not in fields.BY_KEY]
    return [*others, *lacking.items()]


def _reasons(card: Card, values: Values, skipped: Skipped) -> dict[str, str]:
    """Why something is not there: what a source said first, and of what the application fills that nothing told it."""
    found: dict[str, str] = {}
    for field, why in skipped:
        if field not in values:
            found.setdefault(field, why)
    for known in fields.required(card.kind):
        state = card.fields.get(known.key)
        if known.filled and known.key not in values and (state is None or state.measured is None):
            of_run = found.get("training_data", "") if known.section == "training" else ""
            found.setdefault(known.key, of_run or _NOT_TOLD)
    return found
