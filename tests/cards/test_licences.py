"""The list of licences: whole, named, found by words, and made again by its script to the byte."""

import importlib.util
import json
import sys
from pathlib import Path

from forge_desktop.base.paths import resources_dir
from forge_desktop.cards.licences import find, licence_name, licences, spelled


def test_ids_are_spelled_and_named():
    assert licences().version == "3.28.0"
    assert "SPDX" in licences().source
    assert len(licences().names) > 700
    assert spelled(" apache-2.0 ") == "Apache-2.0"
    assert spelled("gemma") == licence_name("gemma") == ""
    assert licence_name("mit") == "MIT License"
    assert not [key for key in licences().names if key.startswith("Classpath-exception")]


def test_they_are_found_by_words_and_the_common_ones_come_first():
    assert [key for key, _ in find("")][:2] == ["Apache-2.0", "MIT"]
    assert find("creative 4.0 attribution share")[0][0] == "CC-BY-SA-4.0"
    assert find("nothing of that kind") == []


def test_the_script_gives_the_same_list(tmp_path, capsys):
    script = Path(__file__).parents[2] / "packaging" / "make_licences.py"
    spec = importlib.util.spec_from_file_location("make_licences", script)
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_licences"] = module
    try:
        spec.loader.exec_module(module)
        assert module.main(["--to", str(tmp_path / "made.json")]) == 0
    finally:
        del sys.modules["make_licences"]
    assert json.loads((tmp_path / "made.json").read_bytes()) == json.loads(
        (resources_dir() / "licences.json").read_bytes()
    )
    assert "licences of version" in capsys.readouterr().out
