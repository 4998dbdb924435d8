"""Students leave and enter: lessons for a trainer elsewhere, versions for somebody else's computer."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable
from pathlib import Path

from forge_desktop import __version__
from forge_desktop.archive import training_recipes as recipes
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.corpus import Corpus
from forge_desktop.students import Students
from forge_desktop.students.gguf_file import BadGguf, read_gguf
from forge_desktop.students.leaving import kept_back
from forge_desktop.students.records_training import TrainSource, TrainWish

_LANE = "archive"


class StudentFiles:
    """Exports and imports of what students are made of. `refuse` raises for a target where nothing may be written."""

    def __init__(self, jobs: Jobs, corpus: Corpus, students: Students, refuse: Callable[[Path], None]) -> None:
        self._jobs, self._corpus, self._students, self._refuse = jobs, corpus, students, refuse

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
        from forge_desktop.archive import training_bundle as bundle

        self._refuse(target)

        def job(ctx: JobContext) -> object:
            data = self._students.training.bundle(source, base, wish, ctx.check)
            bundle.refuse_forbidden(data.rows)
            rows, left_out = data.rows, tuple[tuple[str, int], ...]()
            if not with_never_sent:
                rows, left_out = bundle.without_kept_back(rows, functools.partial(kept_back, self._corpus))
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
            return bundle.write_training(target, left, made, facts, left_out)

        return self._jobs.start(_LANE, "export", job)

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
