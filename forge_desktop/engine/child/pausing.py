"""Work that gives way: what runs in the background stops for a person's question and goes on after it.

A request that may run in the background is written as a generator (`Work`): it yields wherever it can be interrupted,
between prompt chunks and between tokens, and returns its final frame. What a `yield` gives back is True when other work
ran in between: shared state (the streams of the chat context, the logits of the last decode) may then have changed, and
has to be brought back before anything is computed. Work with a context of its own needs to do nothing. So:

    def _score(self, request: Frame) -> Work:
        for chunk in chunks:
            decode(chunk)
            yield                      # nothing shared is used: the answer is of no interest
        return {"ev": "scored", ...}

and in the server's table `"score": lambda request: self._pausing.run(self._score(request), request)`. It runs in the
background when the request says `background`; the final frame is then `{"ev": "paused", "id": n}` as often as somebody
waits, and `{"op": "resume", "id": n}` goes on. A cleanup belongs into `finally`: work that nobody resumes is closed.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator

from forge_desktop.base.child import Frame
from forge_desktop.engine.child.flag import Flag

Work = Generator[None, bool, Frame]


class Pausing:
    """Runs work, and keeps what was interrupted until it is resumed or given up."""

    def __init__(self, flag: Flag) -> None:
        self.flag = flag
        self._paused: dict[int, Work] = {}
        self._ids = itertools.count(1)

    def run(self, work: Work, request: Frame) -> Frame:
        """The final frame of the work; that it was paused, when it ran in the background and somebody waits."""
        return self._run(work, background=bool(request.get("background")), begun=False)

    def resume(self, request: Frame) -> Frame:
        """Go on with paused work."""
        return self._run(self._paused.pop(request["id"]), background=True, begun=True)

    def give_up(self, ids: list[int]) -> None:
        """End paused work that nobody waits for any more."""
        for number in ids:
            if (work := self._paused.pop(number, None)) is not None:
                work.close()

    def clear(self) -> None:
        """End all paused work: what it stands on goes away."""
        self.give_up(list(self._paused))

    def _run(self, work: Work, *, background: bool, begun: bool) -> Frame:
        try:
            if begun:
                work.send(True)
            else:
                next(work)
            while not (background and self.flag.waiting() and not self.flag.cancelled()):
                next(work)
        except StopIteration as end:
            frame: Frame = end.value
            return frame
        number = next(self._ids)
        self._paused[number] = work
        return {"ev": "paused", "id": number}
