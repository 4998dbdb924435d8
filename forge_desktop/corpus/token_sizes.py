"""The characters a token is worth now: by the loaded student if there is one, else by the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.sizing import RATIOS, measured
from forge_desktop.corpus.store_totals import Totals

# A student's sha256 and what counts the tokens of texts; None while none is loaded. The check is called while it waits.
Counter = Callable[[Sequence[str], Callable[[], None]], Sequence[int]]
Loaded = Callable[[], tuple[str, Counter] | None]


class TokenSizes:
    """Measures each student's tokeniser once, when it is loaded anyway; none is loaded for it."""

    def __init__(self, totals: Totals, loaded: Loaded) -> None:
        self._totals, self._loaded = totals, loaded

    def current(self, check: Callable[[], None]) -> dict[str, float]:
        """Characters a token, by script class. `check` is called while it waits, and may raise."""
        known, loaded = self._totals.token_ratios(), self._loaded()
        if loaded is not None and (known is None or known[0] != loaded[0]):
            student, count = loaded
            try:
                ratios = measured(lambda texts: count(texts, check))
            except ForgeError:  # it was unloaded in this moment: the next run measures
                return RATIOS if known is None else RATIOS | known[1]
            self._totals.keep_token_ratios(student, ratios)
            return ratios
        return RATIOS if known is None else RATIOS | known[1]
