"""The Qt binding does not lose references: PySide6 6.12.0 does on Python 3.11, and aborts after some 600 signals."""

from __future__ import annotations

import subprocess
import sys

SIGNALS = """
from PySide6.QtCore import QObject, Signal, Slot

class Source(QObject):
    said = Signal(bool)

class Sink(QObject):
    heard = 0
    @Slot(bool)
    def hear(self, yes):
        self.heard += yes

source, sink = Source(), Sink()
source.said.connect(sink.hear)
for _ in range(5_000):
    source.said.emit(True)
print(sink.heard)
"""

REFERENCES = """
import sys
from PySide6.QtCore import QObject
thing = QObject()
before = sys.getrefcount(None)
for _ in range(1_000):
    thing.setObjectName("x")
print(sys.getrefcount(None) - before)
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_five_thousand_signals_arrive_and_nothing_aborts() -> None:
    assert run(SIGNALS) == "5000"


def test_a_call_without_result_costs_no_reference_to_none() -> None:
    assert abs(int(run(REFERENCES))) < 100
