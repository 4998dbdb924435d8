"""An adapter made elsewhere is brought in: as GGUF, or as a PEFT folder's safetensors; never anything pickled."""

from __future__ import annotations

from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.students.adding import Adding, Origin
from forge_desktop.students.files import display_name
from forge_desktop.students.peft_file import is_peft
from forge_desktop.students.records_versions import Version

_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


def import_adapter(adding: Adding, path: Path, base_sha256: str, name: str, ctx: JobContext) -> Version:
    """Bring it in for this base. Raises ForgeError when it is nothing that can be used, and says why."""
    ctx.progress(0, 2, path.name)
    refuse_pickle(path)
    if path.is_dir() and not is_peft(path):
        raise ForgeError(
            f"{path} holds no adapter_config.json.", hint="Choose a folder that PEFT wrote, or a GGUF file."
        )
    if path.suffix.lower() == ".safetensors" and not is_peft(path):
        raise ForgeError(
            f"{path} has no adapter_config.json beside it.", hint="Choose the folder that PEFT wrote, with both files."
        )
    origin = Origin("imported", name=name or display_name(path), note=f"Brought in from {path.name}.")
    bring = adding.add_peft if is_peft(path) else adding.add
    made = bring(path, base_sha256, origin, check=ctx.check)
    ctx.progress(2, 2, path.name)
    return made


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
