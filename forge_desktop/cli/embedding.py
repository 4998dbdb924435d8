"""The verb `embedder`: which model judges the likeness of passages, and choosing one."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.base.money import shown
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.corpus.embedding_volume import RemoteVolume
from forge_desktop.forge import Forge


def embedder(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Choose a file, or none, where asked, embed by it, and say what is in use."""
    if options.use or options.without:
        with jobs.listening(forge, lambda event: _show(event, out)):
            if (job := _choose(forge, options)) is not None:
                jobs.wait(forge, job)
            for job in forge.jobs.running("embed"):
                jobs.wait(forge, job)
        out.clear()
    out.result({"embedder": facts(forge)})
    out.line(in_words(forge))
    if (model := forge.embedding.model) is not None and model.header.chats:
        out.note("This model was made to chat; one made to embed finds much better.")
    return 0


def _choose(forge: Forge, options: argparse.Namespace) -> int | None:
    """Take the file, or the endpoint of that name; for one, what is sent and costs must be agreed to."""
    path = Path(os.path.abspath(options.use)) if options.use else None
    endpoints = [one for one in forge.providers.endpoints.list() if "embedder" in one.roles]
    named = next((one for one in endpoints if options.use in (one.name, one.uid)), None)
    if named is None or (path is not None and path.exists()):
        return forge.embedding.choose(path)
    if not options.agree:
        raise ForgeError(
            volume_in_words(forge.embedding.volume(named.uid)),
            hint=f"If you agree: forge-desktop embedder --use {options.use!r} --agree",
        )
    return forge.embedding.choose_remote(named.uid)


def volume_in_words(volume: RemoteVolume) -> str:
    """What would be sent where, and what that costs."""
    words = f"{counted(volume.passages, 'passage')} ({bytes_in_words(volume.bytes)}) would be sent to {volume.host}"
    if volume.likely is not None and volume.most is not None:
        words += f", for about {shown(volume.likely)} and at most {shown(volume.most)}"
    kept = (
        f" {counted(volume.withheld, 'passage')} of documents that are never sent stay here." if volume.withheld else ""
    )
    return f"{words}; each search sends its question too.{kept}"


def facts(forge: Forge) -> dict[str, object] | None:
    """The embedding model as a JSON object; None when there is none."""
    path = forge.settings.values.embedding_model
    if not path:
        return None
    if (remote := forge.embedding.remote) is not None:
        return {"endpoint": remote.name, "model": remote.model, "note": forge.embedding.note}
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
    if (remote := forge.embedding.remote) is not None:
        return f"{remote.model}, by the endpoint {remote.name}. {forge.embedding.note}".rstrip(" .") + "."
    model = forge.embedding.model
    named = f"{model.header.name}, {model.dimensions} numbers, {model.header.pooling} pooling" if model else path
    return f"{named}. {forge.embedding.note}".rstrip(" .") + "."


def _show(event: Event, out: Output) -> None:
    if isinstance(event, JobChanged) and event.state == "running" and event.note:
        out.progress(event.note)
