"""Our patches to sources that are compiled here: unified diffs, applied exactly or not at all."""

from __future__ import annotations

import re
from pathlib import Path

from devtools.steps import Problem

PATCHES = Path(__file__).resolve().parents[1] / "patches"


def apply(patch: Path, tree: Path) -> None:
    """Apply a unified diff (paths with a/ and b/) to the files under `tree`.

    Raises Problem when a line that it expects is not where it expects it: then it was made for another source.
    """
    text = patch.read_text(encoding="utf-8")
    for part in re.split(r"(?m)^--- a/", text)[1:]:
        name, _, rest = part.partition("\n")
        file = tree / name
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []
        file.write_text("".join(_patched(lines, rest, patch.name)), encoding="utf-8")


def _patched(lines: list[str], hunks: str, name: str) -> list[str]:
    result: list[str] = []
    at = 0
    for hunk in re.split(r"(?m)^@@ ", hunks)[1:]:
        head, _, body = hunk.partition("\n")
        start = re.match(r"-(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@", head)
        if not start:
            raise Problem(f"The patch {name} cannot be read.")
        changes = body.splitlines(keepends=True)
        before = [line[1:] for line in changes if line[0] in " -"]
        first = int(start[1]) - 1
        if first < at or lines[first : first + len(before)] != before:
            raise Problem(f"The patch {name} does not fit this source; it was made for another version.")
        result += lines[at:first] + [line[1:] for line in changes if line[0] in " +"]
        at = first + len(before)
    return result + lines[at:]
