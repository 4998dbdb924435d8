"""Pairs in the forms of other programs: out and in again without loss, and what others wrote."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import jsonschema
import pytest
from hypothesis import given, settings

from forge_desktop.archive.lesson_form import prompt_text
from forge_desktop.archive.lessons import WRITERS, form_of, read_pair
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.distill.json_rows import read_json
from forge_desktop.distill.pair_lines import BadLine, content_sha256, to_line, to_object
from forge_desktop.distill.records import Check, Evidence, Pair, Quality
from forge_desktop.distill.unseen import cleaned
from forge_desktop.forge import Forge
from tests.distill.pair_room import evidence, pair

_letters = st.characters(exclude_categories=("Cs",))
_text = st.text(_letters, max_size=12)
_said = st.text(_letters, min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
_share = st.floats(0, 1)
_whole = st.integers(0, 2**53)
_json = st.recursive(
    st.none() | st.booleans() | _whole | _share | _text, lambda x: st.lists(x, max_size=2), max_leaves=3
)
_facts = st.dictionaries(_text, _json, max_size=2)
_checks = st.builds(Check, name=_text, passed=st.booleans(), score=_share, must=st.booleans(), note=_text)
_evidence = st.builds(
    Evidence,
    n=st.integers(1, 40),
    document_sha256=st.sampled_from(["", "ab" * 32]),
    name=_text,
    passage_id=_whole,
    start=_whole,
    end=_whole,
    page=st.none() | st.integers(1, 9),
    heading=st.lists(_text, max_size=2).map(tuple),
    text=_text,
    quote=_text,
    cited=st.booleans(),
    scores=st.dictionaries(_text, _share | _whole | st.none(), max_size=2),
    retrieval=_facts,
)
pairs = st.builds(
    Pair,
    uid=st.text("0123456789abcdef", min_size=1, max_size=32),
    kind=st.sampled_from(["TRAIN_PAIR", "REPAIR_PAIR"]),
    task=_text,
    prompt=_said,
    final=_said,
    draft=_said,
    critiques=st.lists(_text, max_size=2).map(tuple),
    evidence=st.lists(_evidence, max_size=3).map(tuple),
    citations=st.lists(st.integers(0, 40), max_size=3).map(tuple),
    quality=st.builds(
        Quality,
        score=_share,
        checks=st.lists(_checks, max_size=2).map(tuple),
        rubric=st.dictionaries(_text, _share, max_size=2),
        version=_text,
    ),
    accepted=st.booleans(),
    language=_text,
    rules=_text,
    cost=st.integers(0, 10**15),
    teacher=_facts,
    student=_facts,
    created=st.floats(0, 4e9),
    sha256=st.just(""),
    duplicate_of=_text,
    similarity=st.none() | _share,
    method=_text,
    leaks=st.lists(_text, max_size=2).map(tuple),
    source=st.sampled_from(["unchanged", "changed", "gone", "unchecked"]),
    reviewed=_text,
    note=_text,
    aside=_text,
    imported=_facts,
).map(lambda made: dataclasses.replace(made, sha256=content_sha256(made)))


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=50)
@given(made=pairs, with_evidence=st.booleans())
def test_every_form_comes_back_as_it_was(form: str, made: Pair, with_evidence: bool) -> None:
    row = WRITERS[form].write(made, with_evidence=with_evidence)
    if row is None:
        assert form == "dpo"
        assert made.kind == "TRAIN_PAIR"
        return
    read = read_json(json.dumps(row, ensure_ascii=False, allow_nan=False))
    assert isinstance(read, dict)
    assert form_of(read) == form
    assert read_pair(read) == made


@given(pairs)
def test_the_same_pair_gives_the_same_line(made: Pair) -> None:
    line = to_line(made)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert to_line(read_pair(json.loads(line))) == line


def schema(name: str) -> Any:
    return json.loads((resources_dir() / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=20)
@given(made=pairs, with_evidence=st.booleans())
def test_every_form_follows_its_schema(form: str, made: Pair, with_evidence: bool) -> None:
    row = WRITERS[form].write(made, with_evidence=with_evidence)
    if row is not None:
        name = "pair" if form == "forge" else form
        jsonschema.Draft202012Validator(schema(name)).validate(json.loads(json.dumps(row)))


def test_the_schemas_are_schemas() -> None:
    names = ["alpaca", "card", "dpo", "openai", "pair", "sharegpt", "suite", "trl"]
    files = sorted(path.name for path in (resources_dir() / "schemas").glob("*.json"))
    assert files == [f"{name}.schema.json" for name in names]
    for name in names:
        jsonschema.Draft202012Validator.check_schema(schema(name))


# ---- what others wrote ----

SEED_TRAIN = {
    "prompt": "How long is the bridge?",
    "final": "It is 218 m long.",
    "citations": [0],
    "evidence_meta": [
        {"text": "It is 218 m long.", "path": "docs/bridge.md", "chunk_id": 4, "score": 0.71},
        "bare text",
    ],
    "critiques": [{"suggestion": "Name the unit."}, {"error": "timeout"}, "plain words"],
    "memory_proposals": {"layer1_summary": "s", "layer2_facts": []},
    "answer_frame": "frame",
    "project_id": "p1",
}


def test_the_original_systems_pair_is_read() -> None:
    made = read_pair(SEED_TRAIN)
    assert (made.kind, made.prompt, made.final) == ("TRAIN_PAIR", SEED_TRAIN["prompt"], SEED_TRAIN["final"])
    assert made.citations == (1,)
    assert made.critiques == ("Name the unit.", "plain words")
    assert [(one.n, one.name, one.text, one.cited) for one in made.evidence] == [
        (1, "docs/bridge.md", "It is 218 m long.", True),
        (2, "", "bare text", False),
    ]
    assert made.evidence[0].retrieval == {"given": {"path": "docs/bridge.md", "chunk_id": 4, "score": 0.71}}
    assert made.imported["fields"] == {
        name: SEED_TRAIN[name] for name in ("memory_proposals", "answer_frame", "project_id")
    }
    assert made.accepted


def test_the_original_systems_repair_is_read() -> None:
    made = read_pair({**SEED_TRAIN, "draft": "It is 300 m long."})
    assert (made.kind, made.draft) == ("REPAIR_PAIR", "It is 300 m long.")
    assert read_pair({**SEED_TRAIN, "draft": "It is 218 m long. "}).kind == "TRAIN_PAIR"


def test_the_original_systems_second_shape_is_read() -> None:
    row = {
        "pair_id": "20251101120000",
        "instruction": "How long is it?",
        "completion": "218 m.",
        "quality_score": 0.85,
        "verified": False,
        "signer_id": "s",
        "source_convo_id": "c",
        "created_at": "2025-11-01T12:00:00+00:00",
        "frame": "f",
        "signature": "x",
    }
    made = read_pair(row)
    assert (made.prompt, made.final, made.accepted, made.quality.score) == ("How long is it?", "218 m.", False, 0.85)
    assert made.created == 1761998400.0
    assert made.imported["fields"] == {
        name: value for name, value in row.items() if name not in ("instruction", "completion", "quality_score")
    }
    assert made.uid == ""


def turns(who: str, what: str, *said: tuple[str, object]) -> list[dict[str, object]]:
    return [{who: name, what: words} for name, words in said]


_CHAT = [("user", "Who?"), ("assistant", "Anna.")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"messages": turns("role", "content", ("system", "Be short."), *_CHAT)}, ("Who?", "Anna.", "", "Be short.")),
        (
            {"messages": turns("role", "content", ("user", [{"type": "text", "text": "Who?"}]), _CHAT[1])},
            ("Who?", "Anna.", "", ""),
        ),
        (
            {
                "conversations": turns(
                    *("from", "value", ("human", "Hi"), ("gpt", "Yes?")), ("human", "Who?"), ("gpt", "Anna.")
                )
            },
            ("User: Hi\n\nAssistant: Yes?\n\nWho?", "Anna.", "", ""),
        ),
        ({"instruction": "Translate.", "input": "Hund", "output": "dog"}, ("Translate.\n\nHund", "dog", "", "")),
        ({"instruction": "Count.", "input": "", "output": "1 2 3"}, ("Count.", "1 2 3", "", "")),
        ({"prompt": "Who?", "completion": "Anna."}, ("Who?", "Anna.", "", "")),
        ({"prompt": "Who?", "chosen": "Anna.", "rejected": "Bea."}, ("Who?", "Anna.", "Bea.", "")),
        (
            {
                "chosen": turns("role", "content", *_CHAT),
                "rejected": turns("role", "content", _CHAT[0], ("assistant", "Bea.")),
            },
            ("Who?", "Anna.", "Bea.", ""),
        ),
    ],
)
def test_what_other_programs_wrote_is_read(row: dict[str, Any], expected: tuple[str, str, str, str]) -> None:
    made = read_pair({**row, "source": "kept"})
    assert (made.prompt, made.final, made.draft, made.rules) == expected
    assert made.imported["fields"] == {"source": "kept"}
    assert made.kind == ("REPAIR_PAIR" if made.draft else "TRAIN_PAIR")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": []}, "no turns"),
        ({"messages": [{"role": "user", "content": "Who?"}]}, "does not end"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "neither user nor assistant"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "something else than text"),
        ({"conversations": [{"value": "x"}]}, "who speaks"),
        ({"prompt": "Who?", "completion": " "}, "answer is empty"),
        ({"prompt": 3, "completion": "x"}, "neither both texts"),
        ({"prompt": "Who?", "chosen": "A", "rejected": None}, "neither both texts"),
        ({"instruction": 3, "output": "x"}, "no text"),
        ({"prompt": "", "final": "x"}, "prompt is empty"),
        ({"prompt": "Who?", "final": "x", "quality_score": "high"}, "no number"),
        ({"something": 1}, "none of the known forms"),
    ],
)
def test_what_is_no_pair_is_said(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadLine, match=reason):
        read_pair(row)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "OTHER"},
        {"format_version": 2},
        {"pair_id": ""},
        {"citations": ["1"]},
        {"citations": [True]},
        {"quality": []},
        {"evidence_meta": ["x"]},
        {"cost_usd": "1.5"},
        {"cost_usd": 1.5},
        {"verified": 1},
        {"source": "odd"},
        {"similarity": "x"},
        {"created": float("inf")},
        {"evidence_meta": [{"start": 2**60}]},
    ],
)
def test_a_broken_line_of_our_own_is_refused(change: dict[str, Any]) -> None:
    row = to_object(pair("a", "Who?", "Anna.", documents=["a"]))
    assert read_pair(row).uid == "a"
    with pytest.raises(BadLine):
        read_pair({**row, **change})


@pytest.mark.parametrize("form", ["openai", "sharegpt", "trl", "dpo", "alpaca"])
def test_a_text_that_was_changed_elsewhere_stays_changed(form: str) -> None:
    made = pair("a", "Who?", "Anna.", draft="Bea.", kind="REPAIR_PAIR", documents=["a"])
    row = WRITERS[form].write(made, with_evidence=True)
    changed = json.loads(json.dumps(row).replace("Anna.", "Clara."))
    again = read_pair(changed)
    assert (again.final, again.prompt, again.uid) == ("Clara.", "Who?", "a")
    assert again.sha256 not in ("", content_sha256(made)) or not made.sha256


def test_passages_stand_before_the_question_where_wished() -> None:
    made = pair(
        "a",
        "Who?",
        "Anna [1].",
        evidence=(evidence("a", "Anna owns it."), evidence("b", "Bea rows.", n=2, cited=False)),
    )
    assert prompt_text(made, with_evidence=False) == "Who?"
    assert prompt_text(made, with_evidence=True) == "[1] a.md\nAnna owns it.\n\n[2] b.md\nBea rows.\n\nWho?"
    alpaca = WRITERS["alpaca"].write(made, with_evidence=True)
    assert alpaca is not None
    assert (alpaca["instruction"], alpaca["input"]) == ("Who?", "[1] a.md\nAnna owns it.\n\n[2] b.md\nBea rows.")


# ---- through the application ----


@pytest.fixture
def forge(data_dir: Path) -> Any:
    made = Forge(data_dir, holder="test")
    yield made
    made.close()


def fill(forge: Forge) -> None:
    with forge.archive._db.write() as connection:
        for made in (
            pair("aa", "Who owns the boat?", "Anna [1].", documents=["a"]),
            pair("bb", "How long is it then?", "218 m.", draft="300 m.", kind="REPAIR_PAIR"),
            pair("cc", "Is it red?", "No.", accepted=False),
        ):
            forge.distill.pairs.keep(connection, made)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_an_export_holds_accepted_pairs_and_a_manifest(forge: Forge, tmp_path: Path) -> None:
    fill(forge)
    files = forge.archive.export_lessons(tmp_path / "out", tuple(WRITERS))
    assert {file.name: file.rows for file in files} == {
        "pairs.jsonl": 2,
        "openai.jsonl": 2,
        "sharegpt.jsonl": 2,
        "dpo.jsonl": 1,
        "alpaca.jsonl": 2,
        "trl.jsonl": 2,
    }
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["pairs"] == {"REPAIR_PAIR": 1, "TRAIN_PAIR": 1}
    for file in manifest["files"]:
        assert hashlib.sha256((tmp_path / "out" / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    every = forge.archive.export_lessons(tmp_path / "all", every=True)
    assert every[0].rows == 3


def test_a_dataset_leaves_as_the_bytes_that_were_frozen(forge: Forge, tmp_path: Path) -> None:
    fill(forge)
    frozen = forge.distill.datasets.freeze("Mine")
    forge.distill.pairs.drop(["aa"])
    files = forge.archive.export_lessons(tmp_path / "out", ("forge", "trl"), dataset="Mine v1", with_evidence=False)
    assert files[0].sha256 == frozen.sha256
    assert [file.rows for file in files] == [2, 2]
    assert lines(tmp_path / "out" / "trl.jsonl")[0]["prompt"] == [{"role": "user", "content": "Who owns the boat?"}]


@pytest.mark.parametrize("form", ["forge", "openai", "sharegpt", "alpaca", "trl", "dpo"])
def test_an_export_comes_in_elsewhere_without_loss(forge: Forge, tmp_path: Path, form: str) -> None:
    fill(forge)
    [file] = forge.archive.export_lessons(tmp_path / "out", (form,), every=True)
    wanted = {one.uid: one for one in forge.distill.pairs.iterate(every=True) if form != "dpo" or one.draft}
    (tmp_path / "other").mkdir()
    other = Forge(tmp_path / "other", holder="test")
    try:
        job = other.distill.bring_in(tmp_path / "out" / file.name)
        summary: Any = other.jobs.wait(job, 60)
        assert (summary.pairs, summary.bad, summary.tasks) == (len(wanted), 0, 0)
        assert {one.uid: one for one in other.distill.pairs.iterate(every=True)} == wanted
        again: Any = other.jobs.wait(other.distill.bring_in(tmp_path / "out" / file.name), 60)
        assert (again.pairs, again.known) == (0, len(wanted))
    finally:
        other.close()


def standing(made: Pair, number: int) -> Pair:
    """A pair as a database holds one that nothing of it says twice: what is judged anew where it comes in is empty.

    What nobody sees (control characters, escape codes) is taken out of its texts, as it is where pairs come in.
    """
    made = dataclasses.replace(
        made,
        uid=f"{number:032x}",
        task=f"task {number} {made.task}".rstrip(),
        prompt=cleaned(f"{made.prompt} {number * 7919}"),
        final=cleaned(f"{made.final} {number}"),
        draft=cleaned(f"{made.draft} {number}"),
        evidence=tuple(sorted(made.evidence, key=lambda one: one.n)),
        duplicate_of="",
        similarity=None,
        method="",
        leaks=(),
        aside="" if made.accepted else made.aside,
    )
    return dataclasses.replace(made, sha256=content_sha256(made))


@settings(max_examples=3, deadline=None, database=None)
@given(made=st.lists(pairs, min_size=3, max_size=6))
def test_what_went_through_two_databases_leaves_as_the_same_lines(made: list[Pair]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("one", *(f"{form} database" for form in WRITERS)):
            (folder / each).mkdir()
        with contextlib.closing(Forge(folder / "one", holder="test")) as one:
            one.settings.change(duplicate_share=1.0, duplicate_cosine=1.0)
            with one.archive._db.write() as connection:
                for number, each in enumerate(made):
                    one.distill.pairs.keep(connection, standing(each, number))
            files = one.archive.export_lessons(folder / "out", tuple(WRITERS), every=True)
            wanted = {each.uid: to_line(each) for each in one.distill.pairs.iterate(every=True)}
            assert wanted == {each.uid: to_line(each) for each in map(standing, made, range(len(made)))}
        for form, file in zip(WRITERS, files, strict=True):
            with contextlib.closing(Forge(folder / f"{form} database", holder="test")) as other:
                other.settings.change(duplicate_share=1.0, duplicate_cosine=1.0)
                other.jobs.wait(other.distill.bring_in(folder / "out" / file.name, pairs=True), 60)
                came = {each.uid: to_line(each) for each in other.distill.pairs.iterate(every=True)}
                assert came == {uid: line for uid, line in wanted.items() if uid in came}
                assert len(came) == file.rows
                again = other.archive.export_lessons(folder / f"{form} again", (form,), every=True)
                assert [each.sha256 for each in again] == [file.sha256]


def test_bad_lines_are_counted_and_the_others_come_in(forge: Forge, tmp_path: Path) -> None:
    file = tmp_path / "train_pairs.jsonl"
    rows = [
        json.dumps(SEED_TRAIN),
        '{"prompt": "Who?", "final": NaN}',
        '{"prompt": "Who?", "prompt": "Where?", "final": "There."}',
        '{"prompt": "Who?", "final": "An',
        '{"prompt": "Who?", "final": ""}',
        "",
    ]
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode())
    summary: Any = forge.jobs.wait(forge.distill.bring_in(file), 60)
    assert (summary.pairs, summary.bad) == (1, 4)
    assert [line for line, _ in summary.reasons] == [2, 3, 4, 5]
    [made] = forge.distill.pairs.iterate()
    assert (made.imported["file"], made.imported["line"]) == ("train_pairs.jsonl", 1)


def test_what_cannot_be_exported_is_said(forge: Forge, tmp_path: Path) -> None:
    fill(forge)
    with pytest.raises(ForgeError, match="no form called"):
        forge.archive.export_lessons(tmp_path / "x", ("parquet",))
    with pytest.raises(ForgeError, match="no dataset"):
        forge.archive.export_lessons(tmp_path / "x", dataset="None")
    with pytest.raises(ForgeError, match="inside the data directory"):
        forge.archive.export_lessons(forge.data_dir / "x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ForgeError, match="not empty"):
        forge.archive.export_lessons(tmp_path / "full")
    assert not (tmp_path / "x").exists()


def test_an_export_of_everything_holds_the_room(forge: Forge, tmp_path: Path) -> None:
    fill(forge)
    forge.distill.datasets.freeze("Mine")
    files = {file.name: file.rows for file in forge.archive.export(tmp_path / "out")}
    assert {
        name: files[name] for name in ("tasks.jsonl", "pairs.jsonl", "suites.jsonl", "datasets.jsonl", "attempts.jsonl")
    } == {
        "tasks.jsonl": 0,
        "pairs.jsonl": 3,
        "suites.jsonl": 0,
        "datasets.jsonl": 1,
        "attempts.jsonl": 0,
    }
    assert lines(tmp_path / "out" / "datasets.jsonl")[0]["pairs"] == ["aa", "bb"]


def test_damage_to_what_was_learnt_is_found(forge: Forge, tmp_path: Path) -> None:
    fill(forge)
    suite = tmp_path / "s.jsonl"
    suite.write_text(json.dumps({"question": "Where is it?", "answer": "Here."}))
    forge.jobs.wait(forge.distill.suites.bring_in(suite, "S", "recall"), 60)
    forge.distill.datasets.freeze("Mine")
    assert forge.archive.verify().ok
    with forge.archive._db.write() as connection:
        connection.execute("UPDATE pairs SET final = 'Bea.' WHERE uid = 'aa'")
        connection.execute("UPDATE suite_items SET answer = 'There.'")
        connection.execute("UPDATE datasets SET lines = x'789c'")
    found = forge.archive.verify().damaged
    assert [sentence.split(" is ")[0].split(" does ")[0] for sentence in found] == [
        "The pair aa",
        "The suite S",
        "The dataset Mine v1",
    ]
