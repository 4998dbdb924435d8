"""What the names of GGUF files tell: their quantisation, whether they are a part, and what cannot chat."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_QUANTISATION = re.compile(
    r"(?:^|[.\-_/ ])"
    r"((?:UD-)?(?:IQ[1-8]_[A-Z]{1,3}|TQ[12]_0|Q\d_K_(?:XXL|XL|[SML])|Q\d_K|Q\d_[01](?:_\d_\d)?"
    r"|BF16|FP16|F16|FP32|F32|MXFP4(?:_MOE)?))"
    r"(?=[.\-_/ ]|$)",
    re.IGNORECASE,
)
_LONGEST = 1000  # characters of a name with its folders
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)


def quantisation_of(name: str) -> str:
    """ "Q4_K_M" of "folder/Model-Q4_K_M.gguf", in capitals; "" where the name does not say."""
    found = list(_QUANTISATION.finditer(name))
    return found[-1][1].upper() if found else ""


def part_of(name: str) -> tuple[str, int, int]:
    """What all parts of a file have in common, which part this is and of how many; (name, 1, 1) for a whole one."""
    found = _PART.search(name)
    return (name[: found.start()], int(found[1]), int(found[2])) if found else (name, 1, 1)


def shown_name(name: str) -> str:
    """A stranger's name as one line in which nothing acts: what cannot be shown as an escape, far too long ones cut."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name[:_LONGEST])
    return f"{shown}…" if len(name) > _LONGEST else shown


def problem_of(name: str, parts: int = 1) -> str:
    """One sentence where a file of this name cannot become a student."""
    if not name.isprintable():
        return "Its name holds signs that cannot be shown, such as line breaks."
    if len(name) > _LONGEST:
        return f"Its name is longer than {_LONGEST} characters."
    plain = PurePosixPath(name).name.lower()
    if "mmproj" in plain:
        return "It reads pictures for another model and cannot chat."
    if "imatrix" in plain:
        return "It holds measurements for quantising, no model."
    if parts > 1:
        return f"It comes in {parts} parts, which must be joined into one file first (llama-gguf-split --merge)."
    return ""
