"""An engine child that holds one conversation at a time, so that every other one pushes it out."""

from __future__ import annotations

import dataclasses

from forge_desktop.base.child import ChildEnd

END = ChildEnd()

from forge_desktop.engine.child import serve  # noqa: E402 - as the real child does

placed = serve.placement_of
serve.placement_of = lambda frame: dataclasses.replace(placed(frame), sequences=1)  # type: ignore[attr-defined]
serve.Server(END).run()
