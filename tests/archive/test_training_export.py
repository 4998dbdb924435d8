"""Lessons for a trainer elsewhere: what the files hold, what stays behind, and that other programs can read them."""

from __future__ import annotations

import json
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from forge_desktop.archive import training_bundle as bundle
from forge_desktop.archive import training_recipes as recipes
from forge_desktop.base.errors import ForgeError
from forge_desktop.students.gguf_file import read_gguf
from forge_desktop.students.gguf_writing import write_gguf
from forge_desktop.students.records_training import LessonRow, TrainingData, TrainWish

WISH = TrainWish(rank=4, alpha=12.0, learning_rate=2e-5, epochs=3, dropout=0.05, seed=7, row_tokens=256, accumulate=2)
PRIVATE = "d" * 64


def lesson(number: int, part: str = "train", origin: str = "pair", **more: Any) -> LessonRow:
    asked = f'Which colour has ship {number}? "Ökonom" \\ \u2028 # :'
    messages = (("system", "Answer from the passages."), ("user", asked), ("assistant", f"Ship {number} is grün [1]."))
    return LessonRow(pair=f"p{number}", messages=messages, part=part, origin=origin, **more)


def data(*rows: LessonRow, wish: TrainWish = WISH, architecture: str = "llama") -> TrainingData:
    return TrainingData("b" * 64, "Tiny Q4", architecture, wish, rows, {"file": "pairs.jsonl"})


def written(target: Path, held: TrainingData, base_model: str = "owner/tiny", template: str = "<|im_start|>") -> Any:
    made = recipes.recipe(held, base_model, template)
    return bundle.write_training(target, held, made, {"forge_desktop": "x"}, ())


ROWS = (
    lesson(1, documents=("a" * 64,), teacher={"name": "Teacher", "may_train": "yes"}, cost=1500),
    lesson(2, origin="replay"),
    lesson(3, part="validation"),
)


def test_the_lessons_are_messages_and_nothing_else_and_say_beside_where_they_come_from(tmp_path: Path) -> None:
    done = written(tmp_path / "out", data(*ROWS))
    train = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text("utf-8").split("\n") if line]
    assert [list(row) for row in train] == [["messages"], ["messages"]]
    assert [(turn["role"], turn["content"]) for turn in train[0]["messages"]] == list(ROWS[0].messages)
    beside = [json.loads(line) for line in (tmp_path / "out" / "provenance.jsonl").open(encoding="utf-8")]
    assert [(row["file"], row["line"], row["pair"], row["origin"]) for row in beside] == [
        ("train.jsonl", 1, "p1", "pair"),
        ("train.jsonl", 2, "p2", "replay"),
        ("validation.jsonl", 1, "p3", "pair"),
    ]
    assert (beside[0]["cost_usd"], beside[0]["documents"]) == ("0.001500", ["a" * 64])
    assert (done.train, done.validation, done.replay) == (2, 1, 1)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["kind"] == "training"
    assert manifest["base"]["sha256"] == "b" * 64
    assert {entry["name"] for entry in manifest["files"]} == {path.name for path in (tmp_path / "out").iterdir()} - {
        "manifest.json"
    }


def test_the_configurations_hold_what_was_wished(tmp_path: Path) -> None:
    written(tmp_path, data(*ROWS))
    axolotl = yaml.safe_load((tmp_path / "axolotl.yml").read_text())
    assert axolotl["base_model"] == "owner/tiny"
    assert (axolotl["lora_r"], axolotl["lora_alpha"], axolotl["lora_dropout"]) == (4, 12.0, 0.05)
    assert axolotl["learning_rate"] == 2e-5
    assert axolotl["datasets"][0] | {"path": "", "ds_type": ""} == {
        "path": "",
        "ds_type": "",
        "split": "train",
        "type": "chat_template",
        "field_messages": "messages",
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }
    assert axolotl["test_datasets"][0]["path"] == "validation.jsonl"
    assert (axolotl["sequence_len"], axolotl["seed"], axolotl["num_epochs"]) == (256, 7, 3)
    factory = yaml.safe_load((tmp_path / "llamafactory.yaml").read_text())
    assert (factory["stage"], factory["finetuning_type"], factory["template"]) == ("sft", "lora", "chatml")
    assert (factory["lora_rank"], factory["learning_rate"], factory["cutoff_len"]) == (4, 2e-5, 256)
    assert factory["lora_target"] == "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"
    described = json.loads((tmp_path / "dataset_info.json").read_text())
    assert described[factory["dataset"]]["file_name"] == "train.jsonl"
    assert described[factory["eval_dataset"]]["columns"] == {"messages": "messages"}
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert (settings["rank"], settings["modules"], settings["accumulate"]) == (4, axolotl["lora_target_modules"], 2)


def test_the_scripts_are_python_and_use_only_settings_that_are_there(tmp_path: Path) -> None:
    written(tmp_path, data(*ROWS))
    settings = json.loads((tmp_path / "settings.json").read_text())
    for name in recipes.SCRIPTS:
        source = (tmp_path / name).read_text()
        compile(source, name, "exec")
        used = {part.split('"')[0] for part in source.split('settings["')[1:]}
        assert used <= settings.keys(), name


def test_the_readme_names_the_base_and_how_to_bring_the_adapter_back(tmp_path: Path) -> None:
    written(tmp_path, data(*ROWS))
    text = (tmp_path / "README.md").read_text()
    assert "b" * 64 in text
    assert 'forge-desktop students import adapter --base "Tiny Q4"' in text
    assert "@" not in text.replace("user@", ""), "every place is filled"


def test_without_validation_nothing_is_validated(tmp_path: Path) -> None:
    written(tmp_path, data(ROWS[0]))
    assert not (tmp_path / "validation.jsonl").exists()
    assert "test_datasets" not in yaml.safe_load((tmp_path / "axolotl.yml").read_text())
    assert "eval_dataset" not in yaml.safe_load((tmp_path / "llamafactory.yaml").read_text())


def test_a_base_that_does_not_say_where_it_is_from_gets_a_place_and_a_note(tmp_path: Path) -> None:
    done = written(tmp_path, data(*ROWS), base_model="", template="unknown")
    assert done.base_model == "./base"
    assert any("./base" in note for note in done.notes)
    assert "template" not in yaml.safe_load((tmp_path / "llamafactory.yaml").read_text())


def test_fused_modules_have_their_own_names() -> None:
    assert recipes.modules(("attn_q", "attn_k", "ffn_up", "ffn_down"), "phi3") == (
        "qkv_proj",
        "gate_up_proj",
        "down_proj",
    )


@pytest.mark.parametrize(
    ("entries", "name"),
    [
        ({"general.source.huggingface.repository": "owner/model"}, "owner/model"),
        ({"general.repo_url": "https://huggingface.co/owner/model"}, "owner/model"),
        ({"general.url": "https://example.org/owner/model"}, ""),
        ({"general.base_model.0.repo_url": "https://huggingface.co/owner/parent"}, ""),
        ({}, ""),
    ],
)
def test_where_a_base_says_it_is_from(tmp_path: Path, entries: dict[str, object], name: str) -> None:
    write_gguf(tmp_path / "x.gguf", {"general.architecture": "llama", **entries}, {})
    assert recipes.hub_name(read_gguf(tmp_path / "x.gguf")) == name


def test_a_zip_holds_the_same_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    done = written(tmp_path / "out.zip", data(*ROWS))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert set(archive.namelist()) == {file.name for file in done.files} | {"manifest.json"}
        assert archive.testzip() is None
    assert stat.S_IMODE((tmp_path / "out.zip").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"], "nothing else is left"


def test_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.zip").write_bytes(b"mine")
    with pytest.raises(ForgeError, match="there already"):
        written(tmp_path / "out.zip", data(*ROWS))
    assert (tmp_path / "out.zip").read_bytes() == b"mine"
    with pytest.raises(ForgeError, match="not empty"):
        written(tmp_path, data(*ROWS))


def test_what_a_teachers_terms_forbid_is_refused() -> None:
    forbidden = replace(ROWS[0], teacher={"name": "Strict", "may_train": "no"})
    with pytest.raises(ForgeError, match="The terms of Strict forbid"):
        bundle.refuse_forbidden([forbidden, ROWS[1]])
    bundle.refuse_forbidden(ROWS)


def test_lessons_that_rest_on_what_is_never_sent_stay_here_and_are_named() -> None:
    private = lesson(4, documents=("a" * 64, PRIVATE))
    rows, left_out = bundle.without_kept_back((*ROWS, private), lambda sha256: "diary.md" if sha256 == PRIVATE else "")
    assert rows == ROWS
    assert left_out == (("diary.md", 1),)
