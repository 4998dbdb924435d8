"""A remote student on the command line: chosen by its name once a person agreed, asked, said in `status`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.providers.teacher import Teacher


def test_an_endpoint_is_chosen_asked_and_given_up(
    cli_json: Callable[..., dict[str, Any]], cli: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "lending.md").write_text("# Lending\n\nHand tools are lent for 14 days.\n")
    prices = ("--price-in", "0.15", "--price-out", "0.60", "--no-key")
    with Teacher("Hand tools are lent for 14 days.") as teacher:
        cli("index", str(tmp_path / "lending.md"))
        cli("teachers", "add", "--name", "Shed", "--url", teacher.url, "--model", "big", "--roles", "student", *prices)
        far = ("--url", "https://far.example/v1", "--model", "m", "--roles", "student")
        cli("teachers", "add", "--name", "Far", *far, *prices)
        refused = cli("models", "--use", "Far", expect=1)
        assert "goes to far.example" in refused.stderr
        assert "--agree" in refused.stderr
        chosen = cli_json("models", "--use", "Shed")
        assert [(r["name"], r["active"]) for r in chosen["remote"]] == [("Far", False), ("Shed", True)]
        assert not any(model["active"] for model in chosen["models"])
        answer = cli_json("ask", "How long are hand tools lent?")
        assert answer["answer"].startswith("Hand tools are lent for 14 days.")
        assert (answer["model"], answer["endpoint"]) == ("Shed", "Shed")
        assert float(answer["cost_usd"]) * 1_000_000 >= teacher.bill
        assert cli_json("status")["device"] == "remote: 127.0.0.1"
        local = chosen["models"][0]["name"]
        assert cli_json("models", "--use", local)["models"][0]["active"]
