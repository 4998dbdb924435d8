"""The still panes look as they did: compared with docs/screenshots, light and dark.

After a wanted change: `.venv/bin/python packaging/screenshots.py`, look at the pictures, commit them.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PySide6.QtGui import QImage

from forge_desktop.forge import Forge
from forge_desktop.ui.shell import Shell

_TOLERANCE = 8  # of 255, for each channel of a pixel
_DIFFERING = 0.005  # share of the pixels


def _tool() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "packaging" / "screenshots.py"
    spec = importlib.util.spec_from_file_location("screenshots", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()


def pixels(image: QImage) -> np.ndarray:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.array(rgb.constBits(), np.uint8)  # a copy: the image dies with this function
    return flat.reshape(rgb.height(), rgb.bytesPerLine())[:, : rgb.width() * 3].reshape(rgb.height(), rgb.width(), 3)


@pytest.mark.parametrize("theme", TOOL.THEMES)
@pytest.mark.parametrize("scene", TOOL.STILL)
def test_a_pane_looks_as_its_picture(window: Shell, forge: Forge, tmp_path: Path, scene: str, theme: str) -> None:
    window.resize(*TOOL.SIZE)
    shot = TOOL.grab(window, forge, scene, theme)
    wanted = QImage(str(TOOL.GOLDEN / f"{scene}-{theme}.png"))
    assert not wanted.isNull(), "the picture is missing: run packaging/screenshots.py"
    assert shot.size() == wanted.size()
    differing = np.any(np.abs(pixels(shot).astype(int) - pixels(wanted)) > _TOLERANCE, axis=2)
    shot.save(str(tmp_path / "now.png"))
    assert differing.mean() < _DIFFERING, f"{differing.mean():.2%} of the pixels differ; see {tmp_path / 'now.png'}"


def test_a_change_would_be_noticed(window: Shell, forge: Forge) -> None:
    window.resize(*TOOL.SIZE)
    one, other = (pixels(TOOL.grab(window, forge, scene, "light")) for scene in ("distill", "cards"))
    assert np.any(np.abs(one.astype(int) - other) > _TOLERANCE, axis=2).mean() > _DIFFERING


def test_the_same_window_is_the_same_picture_twice(window: Shell, forge: Forge) -> None:
    window.resize(*TOOL.SIZE)
    one, other = (pixels(TOOL.grab(window, forge, "settings", "light")) for _ in range(2))
    assert np.array_equal(one, other)
