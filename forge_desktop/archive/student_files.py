"""Students leave and enter: lessons for a trainer elsewhere, versions for somebody else's computer."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop import __version__
from forge_desktop.archive import training_recipes as recipes
from forge_desktop.archive import version_bundle as bundle
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.corpus import Corpus
from forge_desktop.students import Students
from forge_desktop.students.gguf_file import BadGguf, read_gguf
from forge_desktop.students.leaving import kept_back
from forge_desktop.students.records_training import TrainSource, TrainWish

if TYPE_CHECKING:
    from forge_desktop.archive.version_cards import BundleLook
    from forge_desktop.cards import Cards

_LANE = "archive"
_GLANCE = 0.1


class StudentFiles:
    """Exports and imports of what students are made of. `refuse` raises for a target where nothing may be written."""

    def __init__(
        self,
        jobs: Jobs,
        corpus: Corpus,
        students: Students,
        cards: Cards,
        data_dir: Path,
        refuse: Callable[[Path], None],
    ) -> None:
        self._jobs, self._corpus, self._students, self._cards = jobs, corpus, students, cards
        self._data_dir, self._refuse = data_dir, refuse

    def export_training(
        self,
        source: TrainSource,
        base: str,
        wish: TrainWish,
        target: Path,
        *,
        base_model: str = "",
        with_never_sent: bool = False,
    ) -> int:
        """Write what a run would learn from, with configurations for trainers elsewhere, into a new directory or ZIP
        file; a job whose result is a TrainingExport.

        `base_model` is the model on the hub that the base's file was made of, "" for what the file says itself. Lessons
        that rest on documents that are never sent are left out and named. The job fails with ForgeError where a
        teacher's terms forbid training, where nothing is left, or where the target cannot be written.
        """
        from forge_desktop.archive import training_bundle as lessons

        self._refuse(target)

        def job(ctx: JobContext) -> object:
            data = self._students.training.bundle(source, base, wish, ctx.check)
            lessons.refuse_forbidden(data.rows)
            rows, left_out = data.rows, tuple[tuple[str, int], ...]()
            if not with_never_sent:
                rows, left_out = lessons.without_kept_back(rows, functools.partial(kept_back, self._corpus))
            if not any(row.part == "train" for row in rows):
                raise ForgeError(
                    "No lesson is left to be exported; nothing was written.",
                    hint="Those that rest on documents that are never sent are left out, unless that is asked for.",
                )
            left = dataclasses.replace(data, rows=rows)
            name, template = self._base_says(data.base_sha256)
            made = recipes.recipe(left, base_model or name, template)
            facts = {
                "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "forge_desktop": __version__,
            }
            return lessons.write_training(target, left, made, facts, left_out)

        return self._jobs.start(_LANE, "export", job)

    def export_version(
        self, version: str, file: Path, *, with_base: bool = False, replace: bool = False, who: str = "program"
    ) -> int:
        """Write a version into a new bundle, with the base's file where wished; a job whose result is a VersionReport.
        A file that is there is left alone unless `replace` says that somebody agreed to lose it.

        Raises ForgeError for a version that there is not, that is a base alone, or whose files are not what they were.
        """
        self._refuse(file)
        registry = self._students.registry
        found = registry.version(version)
        if found.is_base:
            raise ForgeError(f"{found.label} is a base alone.", hint="Give its GGUF file away as it is.")
        if problem := registry.check(found.uid):
            raise ForgeError(problem, hint="Only a version that is whole can be given away.")
        base = self._base_file(found.base_sha256) if with_base else None

        def job(ctx: JobContext) -> object:
            hide = self._cards.exports.hiding(found.uid)
            log = bundle.without_paths(self._students.training.log(found.run)) if found.run else None
            parts = bundle.Parts(
                bundle.without_names(bundle.version_fields(found), hide),
                Path(registry.adapter(found.adapter_sha256).path),
                base,
                bundle.without_names(log, hide) if isinstance(log, dict) else log,
                tuple(dataclasses.asdict(gate) for gate in self._students.gates.all(found.uid)),
                self._cards.exports.content(found.uid),
            )
            size = bundle.write_version(
                file, parts, lambda done, total: ctx.progress(done, total, file.name), replace=replace
            )
            registry.note_export(found.uid, file.name, who=who)
            return bundle.VersionReport(
                file=str(file),
                version=found.label,
                base_sha256=found.base_sha256,
                adapter_sha256=found.adapter_sha256,
                with_base=base is not None,
                gates=len(parts.gates),
                bytes=size,
                notes=bundle.notes(parts),
            )

        return self._jobs.start(_LANE, "export", job)

    def look(self, file: Path) -> BundleLook:
        """What a version's bundle says, its card too. Nothing is brought in, and its weights are not read.

        Raises ForgeError where it is none, or is damaged.
        """
        from forge_desktop.archive import version_cards

        bases = frozenset(student.sha256 for student in self._students.list())
        with bundle.VersionBundle(file.absolute(), self._data_dir) as opened:
            return version_cards.look(opened, bases)

    def import_version(self, file: Path, *, who: str = "program") -> int:
        """Bring a version's bundle in; a job whose result is the Version, in quarantine until a gate here passes it.

        Everything is checked before anything is written. The base has to be here, or in the bundle: then it becomes one
        of the students. Its card is taken in as somebody else's word: what was measured there is not our measurement.
        """
        from forge_desktop.archive import version_cards

        path = file.absolute()

        def job(ctx: JobContext) -> object:
            with bundle.VersionBundle(path, self._data_dir) as opened:
                opened.check(lambda done, total: ctx.progress(done, total, f"Checking {path.name}"))
                told, carried = opened.told(), opened.version
                card = version_cards.card_in(told, path)
                known = {version.uid for version in self._students.registry.versions()}
                with tempfile.TemporaryDirectory(dir=self._data_dir, prefix=".bundle-") as work, _naming(path, work):
                    adapter = Path(work) / bundle.ADAPTER
                    opened.copy(bundle.ADAPTER, adapter, ctx.check)
                    self._have_base(opened, ctx)
                    made = self._students.registry.add(
                        adapter,
                        carried.base_sha256,
                        origin="imported",
                        name=carried.name,
                        scale=carried.scale,
                        note=_note(path, [] if card is None else version_cards.not_possible(card)),
                        template=carried.template,
                        retrieval=carried.retrieval,
                        who=who,
                        detail={"bundle": path.name, "foreign_gates": bundle.foreign_gates(told), "told": told},
                    )
                if card is not None and made.uid not in known:
                    version_cards.take_in(self._cards, made.uid, card, path.name)
                return made

        return self._jobs.start(_LANE, "import", job)

    def _have_base(self, opened: bundle.VersionBundle, ctx: JobContext) -> None:
        """See that the base is among the students. Raises ForgeError where it neither is nor came along."""
        carried = opened.version
        if any(student.sha256 == carried.base_sha256 for student in self._students.list()):
            return
        if not opened.has_base:
            raise ForgeError(
                f"The base of this version is not on this computer: {carried.base_name}, {carried.base_sha256}.",
                hint="Import that GGUF file first, or have the bundle written with its base.",
            )
        name = "".join(sign if sign.isalnum() or sign in " .-_" else "_" for sign in carried.base_name)[:80].strip(" .")
        target = self._data_dir / "models" / f"{name or 'base'}-{carried.base_sha256[:8]}.gguf"
        target.parent.mkdir(mode=0o700, exist_ok=True)
        target.unlink(missing_ok=True)  # what a killed import left; a student's file is never called so before
        try:
            opened.copy(bundle.BASE, target, ctx.check)
            self._bring_base(target, ctx)
        except ForgeError as error:
            raise ForgeError(
                f"The base in {opened.path} cannot be used. {error.message.replace(str(target), bundle.BASE)}",
                hint="Import the base's own file first.",
            ) from error
        finally:
            if all(student.path != str(target) for student in self._students.list()):
                target.unlink(missing_ok=True)

    def _bring_base(self, target: Path, ctx: JobContext) -> None:
        job = self._students.import_gguf(target)
        while job in self._jobs.running():
            ctx.wait(_GLANCE)
        self._jobs.wait(job)

    def _base_file(self, sha256: str) -> Path:
        return next(Path(each.path) for each in self._students.list() if each.sha256 == sha256)

    def _base_says(self, sha256: str) -> tuple[str, str]:
        """Where a base says it was made from, and its chat template."""
        path = next((Path(each.path) for each in self._students.list() if each.sha256 == sha256), None)
        try:
            header = read_gguf(path) if path is not None else None
        except (BadGguf, OSError) as error:
            raise ForgeError(f"The base's file cannot be read: {path}.", hint="Import it again.") from error
        if header is None:
            return "", ""
        template = header.meta.get("tokenizer.chat_template")
        return recipes.hub_name(header), template if isinstance(template, str) else ""


def _note(path: Path, left_out: list[str]) -> str:
    """What the version's note says; `left_out` are titles of its card's fields."""
    more = f" Of its card this could not be taken in: {', '.join(left_out)}." if left_out else ""
    return f"Brought in from {path.name}.{more}"


@contextlib.contextmanager
def _naming(path: Path, work: str) -> Iterator[None]:
    """Let what is wrong with a file of a bundle name the bundle: where it was unpacked is gone by then."""
    try:
        yield
    except ForgeError as error:
        if error.code.startswith("TEMPLATE"):
            raise ForgeError(
                f"The chat template in {path} cannot be used. {error.message}", hint="Nothing was brought in."
            ) from error
        if work not in error.message:
            raise
        message = error.message.replace(str(Path(work) / bundle.ADAPTER), f"The adapter in {path}")
        raise ForgeError(message, hint=error.hint) from error
