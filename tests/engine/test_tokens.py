"""Our piecewise tokens against llama.cpp's reading of the whole prompt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.lists(st.text(max_size=30).filter(lambda text: "<|" not in text), min_size=1, max_size=4)


def test_tokens_equal_llama_cpps_own_where_no_marker_is_forged(starter: Path) -> None:
    asked: list[list[str]] = [
        ["Hello"],
        ["What", " is ", "the capital?"],
        ["  two  spaces "],
        ["\n\n"],
        ["é", "\u0301"],
    ]

    @given(TEXTS)
    def collect(texts: list[str]) -> None:
        asked.append([text.encode("utf-8", "replace").decode() for text in texts])

    collect()
    probe = str(Path(__file__).with_name("tokens_probe.py"))
    answer = subprocess.run(
        [sys.executable, probe, str(starter)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    for texts, (ours, theirs) in zip(asked, json.loads(answer.stdout), strict=True):
        assert ours == theirs, texts
