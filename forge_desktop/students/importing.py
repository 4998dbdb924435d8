"""An adapter made elsewhere is brought in: as GGUF, or as a PEFT folder's safetensors; never anything pickled."""

from __future__ import annotations

import re
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.students.adding import Adding, Origin
from forge_desktop.students.files import display_name, refuse_special
from forge_desktop.students.naming import cleaned
from forge_desktop.students.peft_file import base_named, is_peft
from forge_desktop.students.records_versions import Version
from forge_desktop.students.store import Base

_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


def import_adapter(adding: Adding, path: Path, base_sha256: str, name: str, who: str, ctx: JobContext) -> Version:
    """Bring it in for this base. Raises ForgeError when it is nothing that can be used, and says why."""
    ctx.progress(0, 2, path.name)
    refuse_special(path)
    refuse_pickle(path)
    if path.is_dir() and not is_peft(path):
        raise ForgeError(
            f"{path} holds no adapter_config.json.", hint="Choose a folder that PEFT wrote, or a GGUF file."
        )
    if path.suffix.lower() == ".safetensors" and not is_peft(path):
        raise ForgeError(
            f"{path} has no adapter_config.json beside it.", hint="Choose the folder that PEFT wrote, with both files."
        )
    note = f"Brought in from {path.name}.{_other_base(adding.base(base_sha256), path)}"
    origin = Origin("imported", name=name or cleaned(display_name(path)), note=note, who=who)
    bring = adding.add_peft if is_peft(path) else adding.add
    made = bring(path, base_sha256, origin, check=ctx.check)
    ctx.progress(2, 2, path.name)
    return made


def _other_base(base: Base, path: Path) -> str:
    """A sentence where a PEFT folder names another base than this one; names differ in spelling, so it only tells."""
    named = base_named(path) if is_peft(path) else ""
    model = _plain(re.split(r"[/\\]", named.rstrip("/\\"))[-1])
    if not model or any(model in _plain(known) for known in (base.name, base.path.stem)):
        return ""
    return f" Its folder names {cleaned(named)} as its base."


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def refuse_pickle(path: Path) -> None:
    """A pickle runs what its maker wrote when it is opened, so none is. Raises ForgeError."""
    pickled = path.suffix.lower() in _PICKLED
    if path.is_dir() and not any(path.glob("*.safetensors")):
        pickled = any(each.suffix.lower() in _PICKLED for each in path.iterdir())
    if pickled:
        raise ForgeError(
            f"{path} is kept as a pickle, which can run anything when it is opened, so it is not.",
            hint="Save the adapter as safetensors where it was made.",
        )
