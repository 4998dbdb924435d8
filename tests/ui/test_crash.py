"""A fault in the program: the application stays up, the report helps and gives nothing away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.base.errors import Cancelled
from forge_desktop.base.redacting import redacted
from forge_desktop.ui.crash import CrashDialog, CrashReports, report
from forge_desktop.ui.widgets.basics import Button


@pytest.fixture
def reports(qtbot: QtBot, data_dir: Path) -> Iterator[CrashReports]:
    made = CrashReports(data_dir)
    made.install()
    yield made
    made.uninstall()
    if made._dialog is not None:
        made._dialog.close()
        made._dialog.deleteLater()


def open_dialog() -> CrashDialog | None:
    return next((w for w in QApplication.topLevelWidgets() if isinstance(w, CrashDialog) and w.isVisible()), None)


def test_an_exception_in_a_slot_is_reported_and_the_loop_goes_on(
    qtbot: QtBot, reports: CrashReports, expect_log: Callable[[str], None]
) -> None:
    expect_log("unexpected error")

    def fail() -> None:
        raise KeyError("missing piece")

    QTimer.singleShot(0, fail)
    qtbot.waitUntil(lambda: open_dialog() is not None)
    dialog = open_dialog()
    assert dialog is not None
    assert "KeyError" in dialog.report()
    assert "test_crash.py" in dialog.report()
    copy = next(found for found in dialog.findChildren(Button) if found.text() == "Copy report")
    copy.click()
    assert QApplication.clipboard().text() == dialog.report()
    reports.tell(ValueError("a second one"))
    qtbot.waitUntil(lambda: reports.count == 2)
    assert "ValueError" in dialog.report()
    assert "KeyError" in dialog.report()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exception_in_a_thread_is_reported(
    qtbot: QtBot, reports: CrashReports, expect_log: Callable[[str], None]
) -> None:
    expect_log("unexpected error")

    def fail() -> None:
        raise RuntimeError("in the background")

    worker = threading.Thread(target=fail)
    worker.start()
    worker.join()
    qtbot.waitUntil(lambda: open_dialog() is not None)
    assert "in the background" in open_dialog().report()


def test_a_cancel_that_slips_through_is_nothing_to_report(qtbot: QtBot, reports: CrashReports) -> None:
    reports._hook(Cancelled, Cancelled(), None)
    QApplication.processEvents()
    assert reports.count == 0


def test_a_report_names_no_home_no_key_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    text = redacted(
        "File /home/ada/forge/data/x and /home/ada/papers, sk-proj-abcdefgh12345678, Authorization: Bearer abc.def, "
        "ghp_0123456789abcdef, ada@example.org",
        data_dir=Path("/home/ada/forge/data"),
    )
    for leaked in ("ada", "abcdefgh", "abc.def", "0123456789abcdef", "example.org"):
        assert leaked not in text
    assert "<data>/x" in text
    assert "~/papers" in text


def test_a_report_quotes_only_the_beginning_of_a_long_message() -> None:
    with pytest.raises(ValueError, match="whole document") as caught:
        raise ValueError("the text of a whole document " * 500)
    assert len(report(caught.value)) < 2_000
