"""Books an answer that came: at its true cost, or at its worst case where its usage cannot be reckoned with."""

from __future__ import annotations

import logging

from forge_desktop.providers import money
from forge_desktop.providers.asking import costs_nothing
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.records import Endpoint, PaidAnswer, Price, Usage
from forge_desktop.providers.records_ledger import NewAnswer
from forge_desktop.providers.wire import Said

log = logging.getLogger(__name__)


def book(
    ledger: Ledger,
    attempt: str,
    endpoint: Endpoint,
    price: Price,
    said: Said,
    answer: NewAnswer,
    *,
    batch: bool = False,
) -> PaidAnswer:
    """Settle the attempt with its answer, or keep the answer and let it stay charged; it is never paid again."""
    usage, odd = said.usage, said.odd
    if usage is not None and usage.output == 0 and (said.text or said.thinking):
        usage, odd = None, "the usage says that nothing was written"
    if usage is None and costs_nothing(endpoint, price):
        usage = Usage(0, 0)
    if usage is not None:
        return ledger.settle(attempt, usage, money.cost(usage, price, batch), answer)
    log.info("%s: %s; the call stays charged at its worst case", endpoint.name, odd)
    kept = ledger.lose(attempt, f"The answer came, but {odd}.", answer)
    assert kept is not None
    return kept
