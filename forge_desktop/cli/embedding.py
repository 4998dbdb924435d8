"""The verb `embedder`: which model judges the likeness of passages, and choosing one."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from forge_desktop.base.events import Event, JobChanged
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge


def embedder(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Choose a file, or none, where asked, embed by it, and say what is in use."""
    if options.use or options.without:
        path = Path(os.path.abspath(options.use)) if options.use else None
        with jobs.listening(forge, lambda event: _show(event, out)):
            if (job := forge.embedding.choose(path)) is not None:
                jobs.wait(forge, job)
            for job in forge.jobs.running("embed"):
                jobs.wait(forge, job)
        out.clear()
    out.result({"embedder": facts(forge)})
    out.line(in_words(forge))
    if (model := forge.embedding.model) is not None and model.header.chats:
        out.note("This model was made to chat; one made to embed finds much better.")
    return 0


def facts(forge: Forge) -> dict[str, object] | None:
    """The embedding model as a JSON object; None when there is none."""
    path = forge.settings.values.embedding_model
    if not path:
        return None
    model = forge.embedding.model
    return {
        "path": path,
        "name": model.header.name if model else None,
        "sha256": model.spec.sha256 if model else None,
        "pooling": model.header.pooling if model else None,
        "dimensions": model.dimensions if model else None,
        "note": forge.embedding.note,
    }


def in_words(forge: Forge) -> str:
    """The embedding model in one line."""
    path = forge.settings.values.embedding_model
    if not path:
        return "built-in vectors (forge-desktop embedder --use FILE adds a model)"
    model = forge.embedding.model
    named = f"{model.header.name}, {model.dimensions} numbers, {model.header.pooling} pooling" if model else path
    return f"{named}. {forge.embedding.note}".rstrip(" .") + "."


def _show(event: Event, out: Output) -> None:
    if isinstance(event, JobChanged) and event.state == "running" and event.note:
        out.progress(event.note)
