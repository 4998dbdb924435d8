"""The library of bases: offers of a hub that fit or not, downloads that survive everything, files found in folders."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.engine.records_plan import Device
from forge_desktop.forge import Forge
from forge_desktop.students.fitting import judge
from forge_desktop.students.found_files import places
from forge_desktop.students.records_library import FoundFile, RepositoryOffers
from tests.data import tiny_gguf
from tests.providers.hub_server import Fault, HubServer

NAME = "owner/Tiny-GGUF"
FILE = "Tiny.Q8_0.gguf"
GB = 10**9


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A tiny student's file."""
    return tiny_gguf.write(tmp_path_factory.mktemp("hub") / "tiny.gguf", layers=3).read_bytes()


@pytest.fixture
def hub(body: bytes) -> Iterator[HubServer]:
    """A hub that has that student."""
    with HubServer() as made:
        made.add(NAME, {FILE: body})
        yield made


@pytest.fixture
def forge(data_dir: Path, hub: HubServer) -> Iterator[Forge]:
    """The whole application, whose hub is that one."""
    made = Forge(data_dir, holder="a test")
    made.settings.change(hub_address=hub.url, threads=1)
    yield made
    made.close()


def download(forge: Forge, file: str = FILE) -> int:
    """Download a file; the student's id."""
    found = forge.jobs.wait(forge.students.library.download(NAME, file), timeout=60)
    assert isinstance(found, int)
    return found


def refusal(work: Callable[[], object]) -> ForgeError:
    """What it is refused with."""
    with pytest.raises(ForgeError) as caught:
        work()
    return caught.value


def offers(forge: Forge) -> RepositoryOffers:
    """What the repository offers."""
    found = forge.jobs.wait(forge.students.library.repository(NAME), timeout=60)
    assert isinstance(found, RepositoryOffers)
    return found


def models(forge: Forge) -> list[str]:
    """The files in the folder of downloads, the unfinished ones too."""
    folder = forge.data_dir / "models"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_repository_tells_what_fits_and_a_download_becomes_a_student(
    forge: Forge, hub: HubServer, body: bytes
) -> None:
    hub.repositories[NAME].facts["gguf"] = {}  # then the file itself is asked
    before = offers(forge)
    (offer,) = before.offers
    assert (before.architecture, before.trainable, offer.student, offer.done) == ("llama", True, 0, 0)
    assert offer.fit.word == "fits"
    assert "with 512 tokens" in offer.fit.sentence
    seen: list[JobChanged] = []
    stop = forge.events.subscribe(lambda event: seen.append(event) if isinstance(event, JobChanged) else None)
    made = download(forge, "q8_0")
    student = next(one for one in forge.students.list() if one.id == made)
    stop()
    assert (student.name, student.sha256) == ("Tiny Q8_0", hashlib.sha256(body).hexdigest())
    assert Path(student.path) == forge.data_dir / "models" / FILE
    assert Path(student.path).read_bytes() == body
    assert models(forge) == [FILE]
    assert forge.students.library.unfinished() == ()
    assert (forge.data_dir / "models").stat().st_mode & 0o777 == 0o700
    assert {event.total for event in seen if event.kind == "download" and event.total} == {len(body)}
    asked = len(hub.seen)
    assert download(forge) == student.id  # it is here already
    assert hub.count("cdn") == sum(one.kind == "cdn" for one in hub.seen[:asked])
    assert offers(forge).offers[0].student == student.id


def test_wrong_bytes_are_deleted_and_said(forge: Forge, hub: HubServer, body: bytes) -> None:
    hub.next("cdn", Fault(), Fault(wrong=True))  # the first one reads what kind of file it is
    error = refusal(lambda: download(forge))
    assert "checksum" in error.message
    assert "deleted" in error.message
    assert models(forge) == []
    assert len(forge.students.list()) == 1
    download(forge)


def test_a_file_that_can_be_no_student_is_refused(forge: Forge, hub: HubServer, body: bytes, tmp_path: Path) -> None:
    embeds = tiny_gguf.write(tmp_path / "e.gguf", values={"llama.attention.causal": False}).read_bytes()
    parts = tiny_gguf.write(tmp_path / "p.gguf", values={"split.count": 3}).read_bytes()
    split = {f"Big.Q4_0-0000{n}-of-00003.gguf": b"GGUF" for n in (1, 2, 3)}
    hub.add(
        NAME,
        {
            "E.Q8_0.gguf": embeds,
            "P.Q6_K.gguf": parts,
            "Bad.Q2_K.gguf": b"<html>" * 99,
            "Cut.Q3_K_S.gguf": body[:-2000],
            **split,
        },
    )
    for file, words in {
        "E.Q8_0.gguf": "embedding model",
        "P.Q6_K.gguf": "one of 3 parts",
        "Bad.Q2_K.gguf": "not a GGUF file",
        "Cut.Q3_K_S.gguf": "The download was removed again",
        "Q4_0": "comes in 3 parts",
        "Q5_0": "no GGUF file called Q5_0",
    }.items():
        assert words in refusal(lambda file=file: download(forge, file)).message
    assert models(forge) == []


def test_each_file_of_a_repository_stands_for_itself(forge: Forge, hub: HubServer, body: bytes, tmp_path: Path) -> None:
    def made(**values: object) -> bytes:
        return tiny_gguf.write(tmp_path / "x.gguf", layers=1, values=values).read_bytes()

    odd = {
        "Lora.F16.gguf": made(**{"general.type": "adapter"}),
        "Embeds.Q8_0.gguf": made(**{"llama.attention.causal": False}),
        "Junk.Q2_K.gguf": b"<html>" * 9,
    }
    usable = {"Long.Q6_K.gguf": made(**{"llama.context_length": 64}), "Big.Q4_K_M.gguf": body + bytes(99)}
    late = {f"Late-{n}.Q5_K_M.gguf": body + bytes(100 + n) for n in range(9)}
    hub.add(NAME, {**odd, **usable, **late}, gguf={"architecture": "told", "context_length": 100})
    found = offers(forge)
    by_name = {one.file.name: one for one in found.offers}
    assert (found.architecture, found.trainable) == ("llama", True)
    assert {name for name, one in by_name.items() if one.problem} == set(odd)
    assert "embedding model" in by_name["Embeds.Q8_0.gguf"].problem
    assert "with 64 tokens" in by_name["Long.Q6_K.gguf"].fit.sentence
    assert (by_name["Long.Q6_K.gguf"].context, by_name["Big.Q4_K_M.gguf"].context) == (64, 512)
    assert "estimate" not in by_name["Big.Q4_K_M.gguf"].fit.sentence
    last = by_name["Late-8.Q5_K_M.gguf"]
    assert (last.read, last.architecture) == (False, "")
    assert "with 100 tokens" in last.fit.sentence
    assert "an estimate by its size: its own header was not read" in last.fit.sentence
    assert hub.count("cdn") == 8


def test_names_that_a_system_would_not_take(forge: Forge, hub: HubServer, body: bytes) -> None:
    long, reserved = "n" * 300 + ".gguf", "CON.gguf"
    hub.add(NAME, {long: body, reserved: body + b"\0", "a\nb\x1b[2J.gguf": body, "\u202efdp.gguf": body})
    refused = {one.file.name: one.problem for one in offers(forge).offers if one.problem}
    assert set(refused) == {"a\\nb\\x1b[2J.gguf", "\\u202efdp.gguf"}
    assert all("signs that cannot be shown" in problem for problem in refused.values())
    old = os.umask(0)
    try:
        made = [download(forge, name) for name in (long, reserved)]
    finally:
        os.umask(old)
    paths = [next(one.path for one in forge.students.list() if one.id == student) for student in made]
    digest = hashlib.sha256(body).hexdigest()[:8]
    assert [Path(path).name[-16:] for path in paths] == [f"nn-{digest}.gguf", "_CON.gguf"]
    assert {Path(path).stat().st_mode & 0o777 for path in paths} == {0o600}


def test_a_killed_download_goes_on_where_it_was(data_dir: Path, hub: HubServer, body: bytes) -> None:
    code = (
        "import sys; from pathlib import Path; from forge_desktop.forge import Forge\n"
        "forge = Forge(Path(sys.argv[1]), holder='a test'); forge.settings.change(hub_address=sys.argv[2])\n"
        "forge.jobs.wait(forge.students.library.download(sys.argv[3], sys.argv[4]))\n"
    )
    have = len(body) // 2
    hub.next("cdn", Fault(), Fault(hang=have))
    child = subprocess.Popen([sys.executable, "-c", code, str(data_dir), hub.url, NAME, FILE])
    part = data_dir / "models" / ".partial" / f"{hashlib.sha256(body).hexdigest()}.part"
    assert hub.wait_for(lambda: part.exists() and part.stat().st_size == have)
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    forge = Forge(data_dir, holder="a test")
    try:
        (left,) = forge.students.library.unfinished()
        assert (left.repository, left.file, left.bytes, left.done) == (NAME, FILE, len(body), have)
        download(forge)
        assert hub.seen[-1].headers["range"] == f"bytes={have}-"
        assert (forge.data_dir / "models" / FILE).read_bytes() == body
        assert forge.students.library.unfinished() == ()
    finally:
        forge.close()


def test_a_kill_between_the_last_byte_and_the_list_costs_nothing(forge: Forge, hub: HubServer, body: bytes) -> None:
    (forge.data_dir / "models").mkdir()
    (forge.data_dir / "models" / FILE).write_bytes(body)
    download(forge)
    assert hub.count("cdn") == 0


def test_pause_lets_go_of_the_connection_and_cancel_keeps_what_came(forge: Forge, hub: HubServer, body: bytes) -> None:
    have = len(body) // 2
    hub.next("cdn", Fault(), Fault(hang=have))
    states: list[str] = []

    def hear(event: object) -> None:
        if isinstance(event, JobChanged) and event.kind == "download":
            states.append(event.state)

    stop = forge.events.subscribe(hear)
    job = forge.students.library.download(NAME, FILE)
    assert hub.wait_for(lambda: [one.done for one in forge.students.library.unfinished()] == [have])
    forge.jobs.pause(job)
    assert hub.wait_for(lambda: "paused" in states)
    hub.next("cdn", Fault(hang=10))
    before = hub.count("cdn")
    forge.jobs.resume(job)
    assert hub.wait_for(lambda: hub.count("cdn") > before)
    forge.jobs.cancel(job)
    with pytest.raises(Cancelled):
        forge.jobs.wait(job, timeout=20)
    stop()
    (left,) = forge.students.library.unfinished()
    assert have <= left.done <= have + 10
    forge.students.library.give_up(left.repository, left.file)
    assert forge.students.library.unfinished() == ()
    assert models(forge) == []


def test_a_disk_without_room_is_said_before_anything_comes(forge: Forge, hub: HubServer, body: bytes) -> None:
    from forge_desktop.students.downloads import Downloads
    from forge_desktop.students.records_library import HubFile, HubRepository

    sha256 = hashlib.sha256(body).hexdigest()
    file = HubFile("big.gguf", 5 * GB, sha256, "Q4_0")
    found = HubRepository(NAME, "1", "", "", "", "", 0, "", 0, "", 0, "", (file,))
    crowded = Downloads(forge.data_dir / "models", free=lambda path: 4 * GB)
    error = refusal(lambda: crowded.begin(found, file))
    assert "5.0 GB are missing" in error.message
    assert "4.0 GB" in error.message
    assert models(forge) == []


def test_two_files_of_one_name_lie_beside_each_other(forge: Forge, hub: HubServer, tmp_path: Path) -> None:
    download(forge)
    other = tiny_gguf.write(tmp_path / "o.gguf", layers=1).read_bytes()
    hub.add(NAME, {f"../{FILE}": b"", FILE: other})
    download(forge)
    second = next(name for name in models(forge) if name != FILE)
    assert second.startswith("owner--Tiny-GGUF--")
    assert (forge.data_dir / "models" / second).read_bytes() == other


@pytest.mark.parametrize(
    ("free", "gpu", "word", "words"),
    [
        (16, 0, "fits", "the memory has 16.0 GB free"),
        (6, 0, "tight", "Close other programs"),
        (3, 0, "tight", "would have to be closed"),
        (2, 8, "fits", "CUDA0 has 8.0 GB free"),
        (6, 4, "tight", "a part of it computes on the processor"),
        (0, 0, "unknown", "cannot be told"),
    ],
)
def test_fits_tight_or_not(free: int, gpu: int, word: str, words: str) -> None:
    total = 8 if free < 8 else 32
    devices = [Device("CPU", "", "CPU", "cpu", free * GB, total * GB)]
    devices += [Device("CUDA0", "", "CUDA", "gpu", gpu * GB, gpu * GB)] if gpu else []
    found = judge(4 * GB, GB, 4096, devices)
    assert (found.word, words in found.sentence) == (word, True), found.sentence
    large = judge(40 * GB, GB, 4096, devices)
    assert free == 0 or large.word == "does not fit"


def scan(forge: Forge, folder: Path) -> dict[str, FoundFile]:
    """What a folder holds, by the files' own names."""
    found = forge.jobs.wait(forge.students.library.scan(folder), timeout=60)
    assert isinstance(found, tuple)
    return {os.path.relpath(one.path, os.path.realpath(folder)): one for one in found}


def test_a_scan_tells_what_each_file_is(forge: Forge, body: bytes, tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    (folder / "deep" / "er").mkdir(parents=True)
    outside.mkdir()
    (folder / "deep" / "er" / "Tiny.Q8_0.GGUF").write_bytes(body)
    (folder / "cut.gguf").write_bytes(body[: len(body) // 2])
    (folder / "words.gguf").write_text("not one")
    (folder / "notes.txt").write_text("GGUF")
    (folder / "Big-00001-of-00002.gguf").write_bytes(b"GGUF")
    (outside / "secret.gguf").write_bytes(body)
    (folder / "link.gguf").symlink_to(outside / "secret.gguf")
    (folder / "again.gguf").symlink_to(folder / "cut.gguf")
    (folder / "way-out").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    found = scan(forge, folder)
    assert set(found) == {"deep/er/Tiny.Q8_0.GGUF", "again.gguf", "words.gguf", "Big-00001-of-00002.gguf"}
    tiny = found["deep/er/Tiny.Q8_0.GGUF"]
    assert (tiny.name, tiny.architecture, tiny.trainable, tiny.student, tiny.problem) == (
        "Tiny Q8_0",
        "llama",
        True,
        0,
        "",
    )
    assert "weights need" in found["again.gguf"].problem
    assert "not a GGUF" in found["words.gguf"].problem
    assert "2 parts" in found["Big-00001-of-00002.gguf"].problem
    job = forge.students.library.import_many([Path(one.path) for one in found.values()])
    done = forge.jobs.wait(job, timeout=60)
    assert isinstance(done, tuple)
    assert sum(bool(one.student) for one in done) == 1
    assert sum(bool(one.problem) for one in done) == 3
    assert scan(forge, folder)["deep/er/Tiny.Q8_0.GGUF"].student > 0
    assert scan(forge, outside)["secret.gguf"].student > 0  # the same bytes elsewhere
    assert "no folder" in refusal(lambda: scan(forge, folder / "notes.txt")).message


def test_other_programs_folders_are_known(forge: Forge, body: bytes, tmp_path: Path) -> None:
    ollama = tmp_path / ".ollama" / "models"
    digest = hashlib.sha256(body).hexdigest()
    (ollama / "blobs").mkdir(parents=True)
    (ollama / "blobs" / f"sha256-{digest}").write_bytes(body)
    (ollama / "blobs" / "sha256-0000").write_text("{}")
    manifest = ollama / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "3b"
    manifest.parent.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"}
    manifest.write_text(json.dumps({"layers": [layer]}))
    cache = tmp_path / ".cache" / "huggingface" / "hub" / "models--owner--Tiny"
    (cache / "blobs").mkdir(parents=True)
    (cache / "snapshots" / "1").mkdir(parents=True)
    (cache / "blobs" / digest).write_bytes(body)
    (cache / "snapshots" / "1" / "Tiny.Q8_0.gguf").symlink_to("../../blobs/" + digest)
    assert [place.program for place in places(tmp_path)][:1] == ["Ollama"]
    (found,) = scan(forge, ollama).values()
    assert (found.name, found.problem) == ("tiny:3b", "")
    (linked,) = scan(forge, cache).values()
    assert (linked.name, linked.problem) == ("Tiny Q8_0", "")
