"""Settings: checked, stored at once, and never the reason that the application does not start."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.base.settings import Settings, SettingsFile, check_setting


@pytest.fixture
def path(data_dir: Path) -> Path:
    return data_dir / "settings.json"


def test_defaults_without_a_file(path: Path) -> None:
    file = SettingsFile(path, Events())
    assert (file.values, file.problem) == (Settings(), "")
    assert not path.exists()


def test_a_change_is_stored_and_announced(path: Path) -> None:
    events, heard = Events(), list[Event]()
    events.subscribe(heard.append)
    file = SettingsFile(path, events)
    file.change(theme="dark", passages=9, temperature=1)
    assert (file.values.theme, file.values.passages, file.values.temperature) == ("dark", 9, 1.0)
    assert SettingsFile(path, events).values == file.values
    assert heard == [DataChanged(frozenset({"settings"}))]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("theme", "pink"),
        ("theme", 1),
        ("theme", None),
        ("theme", ["dark"]),
        ("passages", 0),
        ("passages", 10**30),
        ("passages", "6"),
        ("passages", True),
        ("passages", 1.5),
        ("passages", None),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("temperature", -0.1),
        ("temperature", {}),
        ("nonsense", 1),
    ],
)
def test_a_bad_value_changes_nothing(path: Path, key: str, value: object) -> None:
    file = SettingsFile(path, Events())
    with pytest.raises(ForgeError) as caught:
        file.change(**{"top_k": 7, key: value})
    assert caught.value.hint
    assert file.values == Settings()
    assert not path.exists()


def test_the_hint_says_what_to_do() -> None:
    for key, value, hint in (
        ("temperature", "abc", "Choose a number from 0.0 to 2.0."),
        ("top_k", 1.5, "Choose a whole number from 0 to 1000."),
        ("theme", 1, "Choose one of: "),
        ("lookup", "yes", "Choose true or false."),
    ):
        with pytest.raises(ForgeError) as caught:
            check_setting(key, value)
        assert caught.value.hint.startswith(hint)
    assert check_setting("top_k", 0) == 0  # all words, as in Creative


def test_every_default_passes_its_own_check() -> None:
    for field in dataclasses.fields(Settings):
        assert check_setting(field.name, field.default) == field.default
        assert field.metadata["label"]
        assert field.metadata["help"].endswith(".")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"null", b"[" * 100_000, b'{"theme": '])
def test_an_unreadable_file_is_kept_aside(path: Path, content: bytes, expect_log) -> None:  # type: ignore[no-untyped-def]
    expect_log("settings file unreadable")
    path.write_bytes(content)
    file = SettingsFile(path, Events())
    assert file.values == Settings()
    assert "cannot be read" in file.problem
    assert path.read_bytes() == content  # reading changes nothing
    file.change(theme="dark")
    assert path.with_suffix(".unreadable.json").read_bytes() == content
    file.change(theme="light")
    file.change(theme="dark")
    assert path.with_suffix(".unreadable.json").read_bytes() == content
    assert SettingsFile(path, Events()).values.theme == "dark"


def test_bad_values_in_the_file_fall_back_one_by_one(path: Path) -> None:
    path.write_text(json.dumps({"theme": "pink", "passages": 9, "seed": "x", "from_a_newer_version": [1]}))
    file = SettingsFile(path, Events())
    assert (file.values.theme, file.values.passages) == ("system", 9)
    assert file.problem == "Theme cannot be 'pink'. Seed cannot be 'x'. The defaults are in force."
    file.change(top_k=7)
    assert json.loads(path.read_text())["from_a_newer_version"] == [1]


def test_an_override_lasts_for_this_process(path: Path) -> None:
    file = SettingsFile(path, Events())
    file.override(passages=3)
    assert file.values.passages == 3
    with pytest.raises(ForgeError):
        file.override(passages=0)
    file.change(top_k=7)
    assert file.values.passages == 3
    assert SettingsFile(path, Events()).values.passages == Settings().passages


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux can mount a small disk")
def test_a_full_disk_keeps_the_old_settings(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        file = SettingsFile(disk / "settings.json", Events())
        file.change(theme="dark")
        (disk / "filler").write_bytes(bytes(60 * 1024))
        with pytest.raises(ForgeError, match="could not be saved"):
            file.change(system_prompt="x" * 20_000)
        assert file.values.system_prompt == ""
        assert SettingsFile(disk / "settings.json", Events()).values.theme == "dark"
        assert sorted(os.listdir(disk)) == ["filler", "settings.json"]
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
