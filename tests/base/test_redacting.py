"""No key passes the filter: not in a log line, not in its traceback, not as JSON or an address would write it."""

from __future__ import annotations

import json
import logging
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_desktop.base import redacting
from forge_desktop.base.logs import start_logging
from forge_desktop.base.redacting import holds_secret, keep_secret, redacted, without_secrets

KEY = 'CANARY/"0123\\456+789='


@pytest.fixture
def known() -> Iterator[str]:
    before = set(redacting._known)
    keep_secret(KEY)
    yield KEY
    redacting._known.clear()
    redacting._known.update(before)


@pytest.mark.parametrize("spelt", [KEY, json.dumps(KEY), repr(KEY), urllib.parse.quote(KEY, safe="")])
def test_a_known_key_is_taken_out_however_it_is_spelt(known: str, spelt: str) -> None:
    assert holds_secret(spelt)
    assert "CANARY" not in without_secrets(f"Incorrect API key provided: {spelt}. Try again.")


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefgh12345678",
        "sk-ant-api03-abcdefgh-12345678",
        "gsk_abcdefgh12345678",
        "xai-abcdefgh12345678",
        "hf_abcdefgh12345678",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "Authorization: Bearer abcdefgh12345678",
        'x-api-key": "abcdefgh12345678',
    ],
)
def test_what_looks_like_a_key_is_taken_out(secret: str) -> None:
    shown = without_secrets(f"It said {secret} again")
    assert "12345678" not in shown
    assert shown.startswith("It said ")
    assert shown.endswith(" again")


@pytest.mark.parametrize(
    "text", ["The password is asked for.", "12 tokens a second; token: 5", "sk- is short", "the bearer of news"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert without_secrets(text) == text


def test_what_is_too_short_to_be_a_key_stays() -> None:
    keep_secret("answer")
    assert without_secrets("the answer") == "the answer"


def test_a_report_for_others_names_no_place_and_no_address(tmp_path: Path) -> None:
    text = redacted(f"token=abc {tmp_path}/forge.db {Path.home()}/x me@example.com", data_dir=tmp_path)
    assert text == "token=<secret> <data>/forge.db ~/x <address>"


def test_the_log_holds_no_key_also_in_a_traceback(
    known: str, data_dir: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("")
    start_logging(data_dir)
    log = logging.getLogger("forge_desktop.providers.test")
    log.warning("refused: %s", KEY)
    try:
        raise ValueError(f"odd body {json.dumps(KEY)}")
    except ValueError:
        log.exception("a fault")
    text = (data_dir / "logs" / "forge.log").read_text()
    assert "refused: <key>" in text
    assert "ValueError: odd body" in text
    assert "CANARY" not in text
