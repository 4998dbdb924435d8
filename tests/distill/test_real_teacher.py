"""A run whose teacher is a real server with a real model: llama-cpp-python's own, with the starter student."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_desktop.distill.records import NewTask
from forge_desktop.providers import money
from forge_desktop.providers.records import Endpoint
from tests.distill.rooms import PRICE, Application, fact
from tests.providers.local_server import serving


@pytest.mark.shared_child
def test_a_run_from_questions_to_an_end_with_a_real_model_as_teacher(data_dir: Path, tmp_path: Path) -> None:
    app = Application(data_dir)
    try:
        with serving(tmp_path) as address:
            # Its own grammars take it a second a token, and only whole answers say what was used.
            llama = Endpoint("", "Llama", address, "starter", context=4096, dialect=("no_schema", "no_stream"))
            made = app.forge.providers.endpoints.add(llama)
            app.forge.providers.prices.set(made, PRICE)
            app.index(tmp_path / "documents", 4)
            app.forge.distill.tasks.add([NewTask(fact(n)[0], draft="I do not know.") for n in range(1)])
            found = app.run(passages=1, max_tokens=48, max_turns=1)
        assert (found.tasks, found.stopped_by, found.problem) == (1, "done", "")
        assert found.kept + found.rejected + found.failed + found.review == 1
        attempts = app.forge.providers.ledger.attempts(run=found.uid)
        settled = [attempt for attempt in attempts if attempt.state == "settled"]
        assert settled
        for attempt in settled:
            price = app.forge.providers.prices.of(made)
            assert attempt.usage is not None
            assert price is not None
            assert 0 < attempt.cost == money.cost(attempt.usage, price) <= attempt.worst
        assert sum(attempt.cost for attempt in attempts) == found.settled + found.unknown <= found.wish.cap
        assert any(turn.text.strip() for turn in app.forge.distill.view(1).turns)
        app.done()
    finally:
        app.close()
