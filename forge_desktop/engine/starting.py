"""Starting a child with its backend packs; a pack that kills it is remembered and left out the next time."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.builds import Builds
from forge_desktop.engine.machine_facts import driver_mark
from forge_desktop.engine.packs import FoundPack, Packs, refused
from forge_desktop.engine.records_plan import Device, Pack
from forge_desktop.engine.running import Lost, RunningChild
from forge_desktop.engine.store import Flags, Rung

log = logging.getLogger(__name__)

_DEADLY = "It ended the engine's process when it was loaded; it is tried again when it or a driver changes."


class Starter:
    """Starts children that know their devices. `spawn` makes a bare one.

    A pack that was of no use to one child is spared the next ones, until somebody looks at the hardware again.
    """

    def __init__(self, packs: Packs, flags: Flags, builds: Builds) -> None:
        self._packs, self._flags, self._builds = packs, flags, builds
        self._useless: dict[str, Pack] = {}  # by sha256: what was wrong with it

    def start(self, spawn: Callable[[], RunningChild], *, gpu: bool = True, afresh: bool = False) -> RunningChild:
        """A child that said hello, with every good pack loaded and its devices listed. Raises Lost, ForgeError.

        Without `gpu` no pack is loaded, so that nothing of a GPU can hurt the child.
        """
        deadly: set[str] = set()
        if afresh:
            self._useless.clear()
        while True:
            child = spawn()
            try:
                child.start()
                self._builds.note(str(child.hello["build"]))
                found = self._packs.find(child.hello["key"]) if gpu else []
                if self._load(child, found, deadly):
                    survey(child)
                    return child
            except BaseException:
                child.kill()
                raise

    def _load(self, child: RunningChild, found: list[FoundPack], deadly: set[str]) -> bool:
        """Load the packs one by one; False when one of them killed the child, which is then remembered."""
        child.packs = []
        key = (str(child.hello["build"]), f"{child.hello['cpu']} {driver_mark()}")
        for pack in found:
            sha256 = pack.pack.sha256
            if not pack.pack.problem and (sha256 in deadly or self._flags.find(*key, sha256) is not None):
                pack = refused(pack, _DEADLY)
            elif not pack.pack.problem and sha256 in self._useless:
                useless = self._useless[sha256]
                pack = refused(pack, useless.problem, idle=useless.idle)
            if not pack.pack.problem:
                try:
                    pack = _tried(child, pack)
                    if pack.pack.problem:
                        self._useless[sha256] = pack.pack
                except Lost as lost:
                    child.kill()
                    if not lost.crash and lost.code is not None:  # killed from outside; without a code it hung
                        raise
                    log.warning("the pack %s killed the engine child, which %s", pack.pack.path, lost.what)
                    deadly.add(sha256)
                    with contextlib.suppress(ForgeError):  # a full disk: it will be found out again next time
                        self._flags.remember(*key, sha256, Rung(True, False))
                    return False
            child.packs.append(pack.pack)
        return True


def survey(child: RunningChild) -> None:
    """Ask the child for the devices, and how much memory of each is free now."""
    told = child.ask({"op": "devices"}, child.limits.start)["devices"]
    child.devices = [Device(**device) for device in told]


def _tried(child: RunningChild, pack: FoundPack) -> FoundPack:
    asked = {"op": "load_packs", "file": pack.module, "needed": list(pack.needed)}
    told = child.ask(asked, child.limits.start)
    return refused(pack, told["problem"], idle=told.get("idle", False))
