"""The log file: what cannot be written into it disturbs nobody."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.logs import LogFile, start_logging


@pytest.fixture
def handler(data_dir: Path) -> Iterator[LogFile]:
    root = logging.getLogger("forge_desktop")
    level, before = root.level, list(root.handlers)
    start_logging(data_dir)
    [made] = [each for each in root.handlers if each not in before]
    assert isinstance(made, LogFile)
    yield made
    root.removeHandler(made)
    root.setLevel(level)
    made.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_puts_nothing_on_stderr(handler: LogFile, capfd: pytest.CaptureFixture[str]) -> None:
    whole = handler.stream
    handler.stream = open("/dev/full", "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - the handler closes it
    logging.getLogger("forge_desktop.test").info("A line that finds no room.")
    full, handler.stream = handler.stream, whole
    with pytest.raises(OSError, match="No space"):
        full.close()
    logging.getLogger("forge_desktop.test").info("A line that does.")
    assert capfd.readouterr().err == ""
    assert "A line that does." in Path(handler.baseFilename).read_text(encoding="utf-8")
