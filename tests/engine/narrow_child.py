"""An engine child that holds one conversation at a time, so that every other one pushes it out."""

from __future__ import annotations

from forge_desktop.base.child import ChildEnd

END = ChildEnd()

from forge_desktop.engine.child import serve  # noqa: E402 - as the real child does

serve._MOST_STREAMS = 1
serve.Server(END).run()
