"""The suites of `gate`: kept ones by their names, and files, which are kept when the gate begins and not before."""

from __future__ import annotations

import os
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, counted
from forge_desktop.forge import Forge


class GateSuites:
    """What was named as --suite. A file that is not kept yet is brought in by `names`, and let go of by `undo`."""

    def __init__(self, forge: Forge, wanted: list[str], kind: str, out: Output) -> None:
        self._forge, self._kind, self._out = forge, kind, out
        self._made: list[str] = []
        known = {name for suite in forge.distill.suites.all() for name in (suite.name, suite.uid)}
        self._wanted = [(name, _file(name, known)) for name in wanted]

    @property
    def kept(self) -> tuple[str, ...]:
        """Those that are no files."""
        return tuple(name for name, file in self._wanted if file is None)

    @property
    def files(self) -> int:
        """How many are files."""
        return len(self._wanted) - len(self.kept)

    def names(self) -> tuple[str, ...]:
        """All of them as names or uids, the files brought in. Says what is kept, and what that takes from training."""
        return tuple(name if file is None else self._bring(file) for name, file in self._wanted)

    def undo(self) -> None:
        """Remove what `names` made: nothing was measured with it, so that it keeps no pair from training."""
        for uid in self._made:
            name = self._forge.distill.suites.get(uid).name
            self._forge.distill.suites.remove(uid)
            self._out.note(f"The suite {name} is not kept, since the gate did not begin.")
        self._made.clear()

    def _bring(self, file: Path) -> str:
        from forge_desktop.distill.records import Suite  # not for those who only ask for the status

        suites = self._forge.distill.suites
        before = {suite.uid for suite in suites.all()}
        found = jobs.wait(self._forge, self._forge.students.gates.bring_suite(file, kind=self._kind))
        assert isinstance(found, Suite)
        if found.uid in before:
            self._out.note(f"{file.name} is the {found.kind} suite {found.name}, which is kept already.")
            return found.uid
        self._made.append(found.uid)
        other = f" ({file.stem} has other questions)" if found.name != file.stem else ""
        self._out.note(
            f"{file.name} is kept as the {found.kind} suite {found.name}{other}: {counted(found.items, 'question')}. It"
            f" holds {counted(suites.held_by(found.uid), 'pair')} from training from now on."
        )
        return found.uid


def _file(name: str, known: set[str]) -> Path | None:
    """The file that is meant, None where it is a kept suite: what is written as a path is a file if there is one."""
    path = Path(name)
    written_so = bool(path.suffix) or any(sign in name for sign in (os.sep, os.altsep or os.sep))
    if path.is_file() and (written_so or name not in known):
        return path
    if name in known:
        return None
    raise ForgeError(
        f"There is no suite and no file called {name}.", hint="`forge-desktop distill suite list` names the suites."
    )
