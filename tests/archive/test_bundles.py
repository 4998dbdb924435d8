"""A collection leaves as one file and comes in elsewhere as it was; a bundle that is not sound changes nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.__main__ import main
from forge_desktop.archive import BundleReport
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.corpus import ImportReport
from forge_desktop.forge import Forge

ROOT = Path(__file__).resolve().parents[2]
QUERIES = ("hand tool", "broken pump", "how long may I keep it", "opening hours")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Forge]:
    """The rooms over another data directory, without documents."""
    (tmp_path / "elsewhere").mkdir()
    with contextlib.closing(Forge(tmp_path / "elsewhere", holder="a test")) as rooms:
        yield rooms


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path) -> Path:
    """The sample's bundle, with the original files."""
    base = tmp_path_factory.mktemp("bundle")
    (base / "data").mkdir()
    with contextlib.closing(Forge(base / "data", holder="a test")) as forge:
        forge.jobs.wait(forge.corpus.index([sample_dir]))
        leave(forge, base / "sample.forgecollection", with_files=True)
    return base / "sample.forgecollection"


def leave(forge: Forge, file: Path, collection: str = "Documents", **options: bool) -> BundleReport:
    report = forge.jobs.wait(forge.archive.export_collection(collection, file, **options), 60)
    assert isinstance(report, BundleReport)
    return report


def bring(forge: Forge, file: Path) -> ImportReport:
    report = forge.jobs.wait(forge.archive.import_collection(file), 60)
    assert isinstance(report, ImportReport)
    return report


def stored(forge: Forge) -> object:
    """Texts and passages of every document by its hash, with no id and no path."""
    return sorted(
        (
            row.sha256,
            row.format,
            row.size,
            row.changed,
            forge.corpus.shelf.stored_text(row.id),
            [
                (p.start, p.end, p.page, p.heading, p.first_line, p.last_line)
                for p in forge.corpus.shelf.passages(row.id)
            ],
        )
        for row in forge.corpus.shelf.document_rows(forge.corpus.shelf.documents())
    )


def found(forge: Forge) -> object:
    return [
        sorted((h.passage.document_sha256, h.passage.start, h.score, h.bm25, h.vector) for h in hits)
        for hits in (forge.corpus.find(query, 1000, every=True).hits for query in QUERIES)
    ]


def test_what_comes_in_is_what_left(forge: Forge, elsewhere: Forge, tmp_path: Path) -> None:
    left = leave(forge, tmp_path / "sample.forgecollection")
    came = bring(elsewhere, tmp_path / "sample.forgecollection")
    stats = forge.corpus.shelf.stats()
    assert (left.documents, left.passages) == (stats.documents, stats.passages)
    assert (came.documents, came.passages, came.present, came.files) == (stats.documents, stats.passages, 0, 0)
    assert stored(elsewhere) == stored(forge)
    assert found(elsewhere) == found(forge)
    assert elsewhere.archive.verify().damaged == ()
    assert elsewhere.corpus.collections.get("Documents (2)").documents == stats.documents


def test_a_document_without_a_file_stays_whatever_looks_for_it(
    forge: Forge, elsewhere: Forge, tmp_path: Path, sample_dir: Path
) -> None:
    leave(forge, tmp_path / "sample.forgecollection")
    came = bring(elsewhere, tmp_path / "sample.forgecollection")
    rows = elsewhere.corpus.shelf.document_rows(elsewhere.corpus.shelf.documents())
    assert {elsewhere.corpus.shelf.source_status(row.path, row.sha256) for row in rows} == {"missing"}
    assert all(row.path.startswith(f"{came.folder}{os.sep}sample{os.sep}") for row in rows)
    before = stored(elsewhere)
    around = tmp_path  # the data directory lies in it
    elsewhere.jobs.wait(elsewhere.corpus.index([around], came.uid))
    elsewhere.jobs.wait(elsewhere.corpus.rescan())
    assert elsewhere.corpus.resume_pending() is None
    assert [entry for entry in stored(elsewhere) if entry in before] == before
    assert elsewhere.corpus.sync.questions() == []


def test_original_files_come_too_when_asked_for(elsewhere: Forge, bundle: Path, sample_dir: Path) -> None:
    came = bring(elsewhere, bundle)
    assert came.files == came.documents > 0
    rows = elsewhere.corpus.shelf.document_rows(elsewhere.corpus.shelf.documents())
    assert {elsewhere.corpus.shelf.source_status(row.path, row.sha256) for row in rows} == {"same"}
    for row in rows:
        assert hashlib.sha256(Path(row.path).read_bytes()).hexdigest() == row.sha256
        assert row.path.startswith(came.folder)
    elsewhere.jobs.wait(elsewhere.corpus.index([Path(came.folder).parents[2]], came.uid))
    assert elsewhere.corpus.collections.get(came.uid).documents >= came.documents, "no folder sync takes them out"


def test_documents_that_are_here_already_are_not_stored_twice(forge: Forge, tmp_path: Path) -> None:
    leave(forge, tmp_path / "sample.forgecollection")
    before = stored(forge)
    came = bring(forge, tmp_path / "sample.forgecollection")
    assert (came.documents, came.passages) == (0, 0)
    assert came.present == len(before)
    assert stored(forge) == before
    assert forge.corpus.collections.get(came.uid).documents == came.present
    assert not Path(came.folder).exists()


def test_a_collection_keeps_its_policy_and_takes_only_its_own(forge: Forge, elsewhere: Forge, tmp_path: Path) -> None:
    folder = tmp_path / "secret plans"
    folder.mkdir()
    (folder / "plan.md").write_text("# Plan\n\nThe plan is secret.")
    (folder / "plän.txt").write_text("Noch ein Plan.")
    mine = forge.corpus.collections.create("Mine", include=["pl*"], max_megabytes=3, never_send=True)
    forge.jobs.wait(forge.corpus.index([folder], mine.uid))
    left = leave(forge, tmp_path / "mine.forgecollection", "mine")
    assert left.documents == 2
    assert any("never sent to a teacher" in note for note in left.notes)
    came = bring(elsewhere, tmp_path / "mine.forgecollection")
    there = elsewhere.corpus.collections.get("Mine")
    assert (there.uid, there.include, there.max_megabytes, there.never_send) == (came.uid, ("pl*",), 3, True)
    assert not any(elsewhere.corpus.collections.may_leave(number) for number in elsewhere.corpus.shelf.documents())
    with zipfile.ZipFile(tmp_path / "mine.forgecollection") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert str(tmp_path).encode() not in everything, "no path above the collection's folders leaves"
    assert "secret plans/plän.txt".encode() in everything


def test_a_bundle_that_came_in_can_leave_again(elsewhere: Forge, bundle: Path, tmp_path: Path) -> None:
    came = bring(elsewhere, bundle)
    leave(elsewhere, tmp_path / "again.forgecollection", came.uid)
    with zipfile.ZipFile(bundle) as first, zipfile.ZipFile(tmp_path / "again.forgecollection") as second:
        for name in ("documents.jsonl", "texts.jsonl", "passages.jsonl"):
            assert sorted(first.read(name).splitlines()) == sorted(second.read(name).splitlines())


def test_names_that_other_systems_cannot_hold_find_a_place(elsewhere: Forge, bundle: Path, tmp_path: Path) -> None:
    names = iter(
        ["a/CON", "a/con", "a/x:y?.txt", "a/x_y_.TXT", ".hidden/..txt", "a/" + "ü" * 300 + ".md", "b/ ", "..\\up"]
    )

    def rename(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["name"] = next(names, row["name"])

    changed = remade(bundle, tmp_path / "odd.forgecollection", rows={"documents.jsonl": rename})
    came = bring(elsewhere, changed)
    assert came.files == came.documents
    paths = [row.path for row in elsewhere.corpus.shelf.document_rows(elsewhere.corpus.shelf.documents())]
    assert len({path.casefold() for path in paths}) == len(paths)
    assert all(Path(path).resolve().is_relative_to(came.folder) for path in paths)
    assert all(len(part.encode()) <= 210 for path in paths for part in path.split(os.sep))


def test_what_is_damaged_does_not_leave(forge: Forge, tmp_path: Path) -> None:
    with forge.archive._db.write() as connection:
        connection.execute("UPDATE texts SET text = 'X' || substr(text, 2) WHERE document_id = 2")
    with pytest.raises(ForgeError, match="is damaged") as caught:
        leave(forge, tmp_path / "sample.forgecollection")
    assert "--repair" in caught.value.hint
    assert not any(path.suffix in (".forgecollection", ".part") for path in tmp_path.iterdir())


def test_an_export_replaces_nothing_and_only_its_owner_reads_it(forge: Forge, tmp_path: Path) -> None:
    file = tmp_path / "sample.forgecollection"
    leave(forge, file)
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ForgeError, match="is there already"):
        leave(forge, file)
    with pytest.raises(ForgeError, match="inside the data directory"):
        leave(forge, forge.data_dir / "x.forgecollection")
    with pytest.raises(ForgeError, match="no collection called Nowhere"):
        leave(forge, tmp_path / "x.forgecollection", "Nowhere")


def test_a_file_that_changed_since_is_left_out_and_named(forge: Forge, elsewhere: Forge, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("same", "changed", "gone"):
        (folder / f"{name}.txt").write_text(f"The {name} file.")
    forge.corpus.collections.create("Three")
    forge.jobs.wait(forge.corpus.index([folder], "Three"))
    (folder / "changed.txt").write_text("Other words.")
    (folder / "gone.txt").unlink()
    report = leave(forge, tmp_path / "three.forgecollection", "Three", with_files=True)
    assert (report.documents, report.files) == (3, 1)
    assert [sentence.partition(":")[0] for sentence in report.left_out] == ["folder/changed.txt", "folder/gone.txt"]
    came = bring(elsewhere, tmp_path / "three.forgecollection")
    assert (came.documents, came.files) == (3, 1)


def test_the_command_line_writes_and_reads_bundles(
    forge: Forge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge.close()
    here, there, file = str(forge.data_dir), str(tmp_path / "there"), str(tmp_path / "all.forgecollection")
    assert main(["--data-dir", here, "export", "--collection", "Documents", "--with-files", file, "--json"]) == 0
    left = json.loads(capsys.readouterr().out)
    assert left["file"] == file
    assert left["documents"] == left["files"] > 0
    assert main(["--data-dir", there, "import", file, "--json"]) == 0
    came = json.loads(capsys.readouterr().out)
    assert (came["documents"], came["passages"], came["files"]) == (left["documents"], left["passages"], left["files"])
    assert main(["--data-dir", there, "import", file]) == 0
    assert "were here already" in capsys.readouterr().out
    assert main(["--data-dir", there, "import", str(tmp_path / "nowhere")]) == 1
    assert "No such file" in capsys.readouterr().err
    assert main(["--data-dir", there, "export", "--with-files", str(tmp_path / "x")]) == 1
    assert "--collection" in capsys.readouterr().err


# ---- bundles that are not sound --------------------------------------------------------------------------------------


def remade(
    bundle: Path,
    target: Path,
    *,
    rows: dict[str, Callable[[list[dict[str, Any]]], object]] | None = None,
    manifest: Callable[[dict[str, Any]], object] = lambda value: None,
    collection: Callable[[dict[str, Any]], object] = lambda value: None,
    members: Callable[[zipfile.ZipFile], object] = lambda archive: None,
    honest: bool = True,
) -> Path:
    """The bundle written anew with changes; with `honest` its manifest tells the changed hashes and sizes."""
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        listed = json.loads(source.read("manifest.json"))
        for entry in listed["members"]:
            body = source.read(entry["name"])
            if change := (rows or {}).get(entry["name"]):
                values = [json.loads(line) for line in body.splitlines()]
                change(values)
                body = b"".join(json.dumps(value).encode() + b"\n" for value in values)
            if entry["name"] == "collection.json":
                value = json.loads(body)
                collection(value)
                body = json.dumps(value).encode()
            if honest:
                entry.update(bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
            out.writestr(entry["name"], body)
        manifest(listed)
        out.writestr("manifest.json", json.dumps(listed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile warns of the duplicate that is meant here
            members(out)
    return target


def listed_too(name: str) -> Callable[[dict[str, Any]], object]:
    """The manifest tells of one more member, with the body b"x"."""
    entry = {"name": name, "bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    return lambda manifest: manifest["members"].append(entry)


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("files/999")
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


def first(**changes: object) -> Callable[[list[dict[str, Any]]], object]:
    return lambda rows: rows[0].update(changes)


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "a name that leads out": (
        {"rows": {"documents.jsonl": first(name="sample/../../../.ssh/authorized_keys")}},
        "would lead out",
    ),
    "an absolute name": ({"rows": {"documents.jsonl": first(name="/etc/passwd")}}, "would lead out"),
    "a name with a line end": ({"rows": {"documents.jsonl": first(name="a\nb.txt")}}, "no possible name"),
    "a name of half a character": ({"rows": {"documents.jsonl": first(name="\ud800.txt")}}, "no possible name"),
    "a member that leads out": (
        {"members": lambda archive: archive.writestr("../evil.txt", "x"), "manifest": listed_too("../evil.txt")},
        "does not belong into it",
    ),
    "a member nobody knows": ({"members": lambda archive: archive.writestr("evil.exe", "x")}, "does not belong"),
    "a member twice": ({"members": lambda archive: archive.writestr("texts.jsonl", "x")}, "twice"),
    "a link": ({"members": link}, "is a link"),
    "a member the manifest hides": (
        {"members": lambda archive: archive.writestr("files/777", "x")},
        "lists other files",
    ),
    "a wrong hash": (
        {"manifest": lambda value: value["members"][-1].update(sha256="0" * 64)},
        "does not have the hash",
    ),
    "changed texts": ({"rows": {"texts.jsonl": first(text="other")}, "honest": False}, "other sizes|the hash"),
    "changed texts with a hash to match": ({"rows": {"texts.jsonl": first(text="other")}}, "text of document 1 is"),
    "another file": ({"rows": {"documents.jsonl": first(sha256="0" * 64)}}, "not the one that was indexed"),
    "passages outside the text": ({"rows": {"passages.jsonl": first(end=10**9)}}, "outside its text"),
    "passages that end before they begin": ({"rows": {"passages.jsonl": first(start=50, end=4)}}, "outside its text"),
    "a passage that is no number": ({"rows": {"passages.jsonl": first(start=True)}}, "start is True"),
    "a passage on page none": ({"rows": {"passages.jsonl": first(page=0)}}, "page is 0"),
    "headings without end": ({"rows": {"passages.jsonl": first(heading=["x"] * 1000)}}, "no headings"),
    "passages of another document": ({"rows": {"passages.jsonl": first(document=2)}}, "not the passages it tells"),
    "one passage too few": ({"rows": {"passages.jsonl": lambda rows: rows.pop()}}, "not the passages it tells"),
    "one passage too many": (
        {"rows": {"passages.jsonl": lambda rows: rows.append(rows[-1])}},
        "more texts or passages",
    ),
    "a number of passages that is none": ({"rows": {"documents.jsonl": first(passages="9")}}, "outside its text"),
    "one document too few": ({"rows": {"documents.jsonl": lambda rows: rows.pop()}}, "more texts or passages"),
    "pages outside the text": ({"rows": {"documents.jsonl": first(pages=[0, 10**12])}}, "pages of document 1"),
    "a format that is a path": ({"rows": {"documents.jsonl": first(format="../x")}}, "no format"),
    "a text of half characters": ({"rows": {"texts.jsonl": first(text="\udc80")}}, "no valid JSON"),
    "another count": ({"manifest": lambda value: value.update(documents=1)}, "counts other documents"),
    "a newer format": ({"manifest": lambda value: value.update(format_version=2)}, "newer Forge Desktop"),
    "another format": ({"manifest": lambda value: value.update(format="x")}, "no collection's bundle"),
    "a name that is none": ({"collection": lambda value: value.update(name="a\u202eb")}, "cannot be a name"),
    "a policy nobody knows": ({"collection": lambda value: value["policy"].update(run="x")}, "no property called run"),
    "a policy of the wrong kind": ({"collection": lambda value: value["policy"].update(hidden="yes")}, "yes or no"),
    "a bomb": (
        {
            "members": lambda archive: archive.writestr("files/999", b"0" * 150_000_000),
            "manifest": lambda value: value["members"].append(
                {"name": "files/999", "bytes": 150_000_000, "sha256": "0" * 64}
            ),
        },
        "times its size",
    ),
}


def refused(forge: Forge, file: Path, why: str) -> None:
    before = stored(forge), [entry.name for entry in forge.corpus.collections.all()]
    with pytest.raises(ForgeError, match=why) as caught:
        bring(forge, file)
    assert "\n" not in caught.value.message
    assert (stored(forge), [entry.name for entry in forge.corpus.collections.all()]) == before
    assert not list(forge.data_dir.glob("imported/**/*"))


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_bundle_is_refused_in_one_sentence(elsewhere: Forge, bundle: Path, tmp_path: Path, kind: str) -> None:
    changes, why = HOSTILE[kind]
    refused(elsewhere, remade(bundle, tmp_path / "hostile.forgecollection", **changes), why)


def test_what_is_no_bundle_at_all_is_refused(elsewhere: Forge, bundle: Path, tmp_path: Path) -> None:
    content = bundle.read_bytes()
    file = tmp_path / "x.forgecollection"
    for body, why in (
        (b"", "is damaged: the bundle is empty"),
        (b"hello", "is damaged: the bundle is cut off, or it is no bundle"),
        (content[: len(content) // 2], "is damaged: the bundle is cut off"),
        (content[:5000] + b"\0" * 100 + content[5100:], "is damaged|cannot be imported"),
    ):
        file.write_bytes(body)
        refused(elsewhere, file, why)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", "[" * 200_000)
    refused(elsewhere, file, "has no collection.json")
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("collection.json", "documents.jsonl", "texts.jsonl", "passages.jsonl"):
            archive.writestr(name, "")
        archive.writestr("manifest.json", "[" * 200_000)
    refused(elsewhere, file, "no valid JSON")
    refused(elsewhere, tmp_path, "no ordinary file")
    refused(elsewhere, tmp_path / "nowhere", "No such file")


def test_a_bundle_larger_than_the_disk_is_refused(elsewhere: Forge, bundle: Path, tmp_path: Path) -> None:
    """A central directory may tell any size."""
    file = tmp_path / "huge.forgecollection"
    content = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as archive:
        packed = archive.getinfo("texts.jsonl")
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"texts.jsonl"))
    content[at + 24 : at + 28] = (packed.compress_size * 299).to_bytes(4, "little")
    file.write_bytes(content)
    refused(elsewhere, file, "other sizes|times its size|the disk has")


# ---- sudden ends -----------------------------------------------------------------------------------------------------

IMPORT = """
import sys
from pathlib import Path
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.forge import Forge
forge = Forge(Path(sys.argv[1]), holder="a test")
def tell(event):
    if isinstance(event, (DataChanged, JobChanged)):
        print("step", flush=True)
        sys.stdin.readline()
forge.events.subscribe(tell)
forge.jobs.wait(forge.archive.import_collection(Path(sys.argv[2])))
forge.close()
"""

EXPORT = IMPORT.replace("import_collection(Path(sys.argv[2]))", "export_collection('Documents', Path(sys.argv[2]))")


def killed_after(script: str, steps: int, *arguments: Path) -> bool:
    """Run the script to one of its steps and kill it there; whether it came that far."""
    pipe = subprocess.PIPE
    run = subprocess.Popen([sys.executable, "-c", script, *arguments], cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    assert run.stdin is not None
    assert run.stdout is not None
    with run.stdout, run.stdin:
        reached = all(run.stdout.readline() and (run.stdin.write("\n"), run.stdin.flush()) for _ in range(steps))
        reached = reached and run.stdout.readline() != ""
        run.send_signal(signal.SIGKILL)
        run.wait()
    return reached


def an_import_is_killed(base: Path, bundle: Path, steps: int) -> bool:
    data = base / f"killed{steps}"
    data.mkdir()
    reached = killed_after(IMPORT, steps, data, bundle)
    with contextlib.closing(Forge(data, holder="a test")) as forge:
        job = forge.corpus.resume_pending()
        if job is not None:
            forge.jobs.wait(job)
        names = [entry.name for entry in forge.corpus.collections.all()]
        assert names in (["Documents"], ["Documents", "Documents (2)"])
        if names == ["Documents"]:
            assert stored(forge) == []
            bring(forge, bundle)
        with zipfile.ZipFile(bundle) as archive:
            manifest = json.loads(archive.read("manifest.json"))
        stats = forge.corpus.shelf.stats()
        assert (stats.documents, stats.passages) == (manifest["documents"], manifest["passages"])
        assert forge.archive.verify().damaged == ()
        rows = forge.corpus.shelf.document_rows(forge.corpus.shelf.documents())
        assert {forge.corpus.shelf.source_status(row.path, row.sha256) for row in rows} == {"same"}
        assert not list(data.glob("imported/.unfinished-*"))
    return reached


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_kill_nine_in_the_middle_of_an_import_leaves_all_or_nothing(tmp_path: Path, bundle: Path) -> None:
    assert all(an_import_is_killed(tmp_path, bundle, steps) for steps in (1, 3))


@pytest.mark.full
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_kill_nine_at_every_step_of_an_import(tmp_path: Path, bundle: Path) -> None:
    steps = 0
    while an_import_is_killed(tmp_path, bundle, steps):
        steps += 1
    assert steps >= 5


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("steps", [0, 1, *(pytest.param(steps, marks=pytest.mark.full) for steps in range(2, 5))])
def test_kill_nine_in_the_middle_of_an_export_leaves_a_whole_bundle_or_none(
    forge: Forge, elsewhere: Forge, tmp_path: Path, steps: int
) -> None:
    forge.close()
    (tmp_path / "out").mkdir()
    file = tmp_path / "out" / "x.forgecollection"
    assert killed_after(EXPORT, steps, forge.data_dir, file) or steps > 1
    assert not file.exists() or steps > 1
    with contextlib.closing(Forge(forge.data_dir, holder="a test")) as again:
        if not file.exists():
            leave(again, file)
        assert [path.name for path in file.parent.iterdir()] == [file.name]
        assert again.archive.verify().damaged == ()
        assert bring(elsewhere, file).documents == again.corpus.shelf.stats().documents


def test_files_whose_import_ended_between_two_steps_are_put_right(tmp_path: Path, bundle: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with contextlib.closing(Forge(data, holder="a test")) as forge:
        folder = Path(bring(forge, bundle).folder)
    os.replace(folder, folder.with_name(f".unfinished-{folder.name}"))
    (folder.parent / ".unfinished-Another").mkdir()
    (folder.parent / ".unfinished-Another" / "x.txt").write_text("never committed")
    with contextlib.closing(Forge(data, holder="a test")) as forge:
        rows = forge.corpus.shelf.document_rows(forge.corpus.shelf.documents())
        assert {forge.corpus.shelf.source_status(row.path, row.sha256) for row in rows} == {"same"}
        assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_an_import_that_is_stopped_leaves_nothing(elsewhere: Forge, bundle: Path) -> None:
    from forge_desktop.base.errors import Cancelled

    ids: list[int] = []
    elsewhere.events.subscribe(
        lambda event: (
            elsewhere.jobs.cancel(event.job_id) if isinstance(event, JobChanged) and event.state == "running" else None
        )
    )
    ids.append(elsewhere.archive.import_collection(bundle))
    with pytest.raises(Cancelled):
        elsewhere.jobs.wait(ids[0], 60)
    assert stored(elsewhere) == []
    assert [entry.name for entry in elsewhere.corpus.collections.all()] == ["Documents"]
