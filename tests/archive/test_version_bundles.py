"""A version leaves as one file and comes in elsewhere in quarantine; one that is not sound changes nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forge_desktop.archive.version_bundle import VersionReport, without_paths
from forge_desktop.base.errors import ForgeError
from forge_desktop.forge import Forge
from forge_desktop.students.adapter_file import write_adapter
from forge_desktop.students.records_versions import Version
from tests.data import tiny_gguf

Q = "blk.0.attn_q.weight"


@contextlib.contextmanager
def rooms(folder: Path) -> Iterator[Forge]:
    folder.mkdir(mode=0o700, exist_ok=True)
    with contextlib.closing(Forge(folder, holder="a test")) as forge:
        yield forge


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a tiny base and a version of it, exported with and without the base."""
    folder = tmp_path_factory.mktemp("home")
    base = tiny_gguf.write(folder / "Tiny-Chat.F32.gguf")
    draw = np.random.default_rng(4)
    shapes = {f"{Q}.lora_a": (4, 32), f"{Q}.lora_b": (32, 4)}
    tensors = {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    write_adapter(folder / "adapter.gguf", "llama", tensors, 8.0)
    with rooms(folder / "data") as forge:
        forge.jobs.wait(forge.students.import_gguf(base), 60)
        sha256 = hashlib.sha256(base.read_bytes()).hexdigest()
        made = forge.students.registry.add(
            folder / "adapter.gguf", sha256, origin="imported", name="Facts", scale=0.5, retrieval={"passages": 4}
        )
        for name, with_base in (("small", False), ("whole", True)):
            leave(forge, made.label, folder / f"{name}.forgeversion", with_base=with_base)
    return folder


def leave(forge: Forge, version: str, file: Path, *, with_base: bool = False) -> VersionReport:
    done = forge.jobs.wait(forge.archive.student_files.export_version(version, file, with_base=with_base), 60)
    assert isinstance(done, VersionReport)
    return done


def bring(forge: Forge, file: Path) -> Version:
    made = forge.jobs.wait(forge.archive.student_files.import_version(file), 60)
    assert isinstance(made, Version)
    return made


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Forge]:
    with rooms(tmp_path / "elsewhere") as forge:
        yield forge


def adapters_of(forge: Forge) -> list[Version]:
    return [version for version in forge.students.registry.versions() if not version.is_base]


def test_a_bundle_with_its_base_is_all_that_is_needed(home: Path, elsewhere: Forge) -> None:
    made = bring(elsewhere, home / "whole.forgeversion")
    assert (made.name, made.scale, made.retrieval) == ("Facts", 0.5, {"passages": 4})
    assert (made.state, made.verdict, made.quarantined) == ("candidate", "", True)
    assert made.base_name.startswith("Tiny-Chat F32")
    with rooms(home / "data") as forge:
        assert made.uid in [version.uid for version in adapters_of(forge)], "it is the same version"
    kept = elsewhere.students.registry.adapter(made.adapter_sha256)
    assert kept.origin == "imported"
    assert kept.detail["foreign_gates"] == []
    with pytest.raises(ForgeError, match="gate"):
        elsewhere.students.registry.promote(made.uid)
    assert bring(elsewhere, home / "whole.forgeversion").uid == made.uid, "a second time it is still that one"
    assert len(adapters_of(elsewhere)) == 1


def test_what_the_bundle_holds_is_listed_with_its_hashes_and_only_its_owner_may_read_it(home: Path) -> None:
    file = home / "whole.forgeversion"
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["format"] == "forge-version"
        assert {entry["name"] for entry in manifest["members"]} == set(archive.namelist()) - {"manifest.json"}
        for entry in manifest["members"]:
            assert hashlib.sha256(archive.read(entry["name"])).hexdigest() == entry["sha256"]
        assert json.loads(archive.read("card.json"))["format"] == "forge-card"
        assert json.loads(archive.read("run.json")) is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_export_stands_in_the_history_and_replaces_nothing(home: Path, tmp_path: Path) -> None:
    with rooms(home / "data") as forge:
        version = adapters_of(forge)[0]
        assert [step.what for step in forge.students.registry.history(version.uid)][:2] == ["exported", "exported"]
        (tmp_path / "there.forgeversion").write_bytes(b"mine")
        with pytest.raises(ForgeError, match="there already"):
            leave(forge, version.uid, tmp_path / "there.forgeversion")
        assert (tmp_path / "there.forgeversion").read_bytes() == b"mine"
        with pytest.raises(ForgeError, match="inside the data directory"):
            leave(forge, version.uid, home / "data" / "x.forgeversion")
        base = next(each for each in forge.students.registry.versions() if each.is_base)
        with pytest.raises(ForgeError, match="a base alone"):
            leave(forge, base.uid, tmp_path / "base.forgeversion")


def test_the_base_has_to_be_here_or_in_the_bundle(home: Path, elsewhere: Forge) -> None:
    with pytest.raises(ForgeError, match="base of this version is not on this computer"):
        bring(elsewhere, home / "small.forgeversion")
    assert adapters_of(elsewhere) == []
    elsewhere.jobs.wait(elsewhere.students.import_gguf(home / "Tiny-Chat.F32.gguf"), 60)
    assert bring(elsewhere, home / "small.forgeversion").quarantined


def rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], object], *, relist: bool = True) -> Path:
    """The bundle with its files changed; the manifest tells the new hashes where wished."""
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if relist and "manifest.json" in files:
        manifest = json.loads(files.pop("manifest.json"))
        manifest["members"] = [
            {"name": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in files.items()
        ]
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return target


def told(file: str, **fields: Any) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        files[file] = json.dumps(json.loads(files[file]) | fields).encode()

    return change


def put(name: str, body: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({name: body})


UNSOUND: list[tuple[Callable[[dict[str, bytes]], object], bool, str]] = [
    (put("adapter.gguf", b"GGUF" + bytes(900)), False, "other sizes than its files have"),
    (put("adapter.gguf", b"GGUF" + bytes(900)), True, "its adapter.gguf is another one than its version says"),
    (put("base.gguf", b"GGUF"), True, "its base.gguf is another one than its version says"),
    (put("../outside", b"x"), True, "does not belong into it"),
    (put("/etc/x", b"x"), True, "does not belong into it"),
    (put("run.json", b"[" * 200_000), True, "no valid JSON"),
    (put("version.json", b"{"), True, "no valid JSON"),
    (put("version.json", b"[]"), True, "it holds no version"),
    (lambda files: files.pop("adapter.gguf"), True, "it has no adapter.gguf"),
    (lambda files: files.pop("manifest.json"), True, "it has no manifest.json"),
    (lambda files: files.pop("run.json"), False, "lists other files than it holds"),
    (told("manifest.json", format="forge-collection"), True, "no version's bundle"),
    (told("manifest.json", format_version=99), True, "a newer Forge Desktop"),
    (told("manifest.json", members="x"), False, "lists no files"),
    (told("version.json", scale="1"), True, "has no scale"),
    (told("version.json", scale=float("inf")), True, "has no scale"),
    (told("version.json", scale=-3), True, "is no scale"),
    (told("version.json", retrieval={"evil": 1}), True, "no setting of a search"),
    (told("version.json", retrieval={"passages": 10**9}), True, "assages"),
    (told("version.json", base_sha256="x"), True, "is no hash"),
    (told("version.json", name="a\u202eb\n"), True, "no possible text"),
    (told("version.json", name=5), True, "no possible text"),
    (put("card.json", b"[]"), True, "The card in .* cannot be read. The file holds no card"),
    (told("card.json", format_version=2), True, "written by a newer Forge Desktop"),
    (told("card.json", fields={"summary": {"hand": {"value": float("nan"), "source": "hand"}}}), True, "that is none"),
    (told("card.json", kind="evil"), True, "kind is none of"),
]


def test_a_bundle_that_is_not_sound_is_refused_and_nothing_is_left(
    home: Path, tmp_path: Path, elsewhere: Forge
) -> None:
    for number, (change, relist, sentence) in enumerate(UNSOUND):
        bad = rewritten(home / "whole.forgeversion", tmp_path / f"{number}.forgeversion", change, relist=relist)
        with pytest.raises(ForgeError, match=sentence):
            bring(elsewhere, bad)
        assert adapters_of(elsewhere) == []
        assert not list(elsewhere.data_dir.glob(".bundle-*")), "no temporary folder stays"
        assert not list(elsewhere.data_dir.glob("adapters/*"))


def test_a_wrong_hash_a_cut_file_and_a_name_given_twice_are_refused(
    home: Path, tmp_path: Path, elsewhere: Forge
) -> None:
    content = bytearray((home / "whole.forgeversion").read_bytes())
    with zipfile.ZipFile(home / "whole.forgeversion") as archive:
        at = archive.getinfo("adapter.gguf").header_offset
    content[at + 700] ^= 1
    (tmp_path / "turned.forgeversion").write_bytes(content)
    (tmp_path / "cut.forgeversion").write_bytes(content[: len(content) // 2])
    (tmp_path / "empty.forgeversion").write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        twice = rewritten(home / "whole.forgeversion", tmp_path / "twice.forgeversion", lambda files: None)
        with zipfile.ZipFile(twice, "a") as archive:
            archive.writestr("version.json", b"{}")
    for name in ("turned", "cut", "empty", "twice"):
        with pytest.raises(ForgeError):
            bring(elsewhere, tmp_path / f"{name}.forgeversion")
    assert adapters_of(elsewhere) == []


def test_a_file_that_unpacks_to_far_more_than_it_takes_is_refused(home: Path, tmp_path: Path, elsewhere: Forge) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.forgeversion", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("manifest.json", "version.json"):
            archive.writestr(name, b"{}")
        with archive.open("adapter.gguf", "w") as out:
            for _ in range(120):
                out.write(bytes(1 << 20))
    with pytest.raises(ForgeError, match="300 times its size"):
        bring(elsewhere, tmp_path / "bomb.forgeversion")


def test_what_others_measured_is_kept_as_theirs(home: Path, tmp_path: Path, elsewhere: Forge) -> None:
    gate = {"uid": "g", "label": "v9", "verdict": "passed", "scale": 0.5, "reasons": ["it gained"], "created": 1.0}
    card = {
        "format": "forge-card",
        "format_version": 1,
        "kind": "adapter",
        "state": "draft",
        "fields": {},
        "x": "Facts",
    }

    def change(files: dict[str, bytes]) -> None:
        files["gates.json"], files["card.json"] = json.dumps([gate, "x"]).encode(), json.dumps(card).encode()

    made = bring(elsewhere, rewritten(home / "whole.forgeversion", tmp_path / "told.forgeversion", change))
    assert (made.verdict, made.quarantined) == ("", True)
    kept = elsewhere.students.registry.adapter(made.adapter_sha256).detail
    assert kept["foreign_gates"] == [gate]
    assert kept["told"]["card"] == card
    with pytest.raises(ForgeError):
        elsewhere.students.registry.promote(made.uid)


def test_of_paths_only_names_leave() -> None:
    held = {"a": "/home/ada/models/x.gguf", "b": ["rel/ative", 3, None], "stderr": ["/x"], "c": {"d": "a / b"}}
    assert without_paths(held) == {"a": "x.gguf", "b": ["rel/ative", 3, None], "c": {"d": "a / b"}}


def test_what_is_wrong_in_a_bundle_names_the_bundle(home: Path, elsewhere: Forge, tmp_path: Path) -> None:
    file = tmp_path / "large.forgeversion"
    draw = {f"{Q}.lora_a": np.full((4, 32), 1e20, np.float32), f"{Q}.lora_b": np.full((32, 4), 1e20, np.float32)}
    sha256 = write_adapter(tmp_path / "large.gguf", "llama", draw, 8.0)
    with zipfile.ZipFile(home / "whole.forgeversion") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["adapter.gguf"] = (tmp_path / "large.gguf").read_bytes()
    parts["version.json"] = json.dumps(json.loads(parts["version.json"]) | {"adapter_sha256": sha256}).encode()
    manifest = json.loads(parts.pop("manifest.json"))
    manifest["members"] = [
        {"name": name, "bytes": len(held), "sha256": hashlib.sha256(held).hexdigest()} for name, held in parts.items()
    ]
    with zipfile.ZipFile(file, "w") as archive:
        for name, held in {**parts, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, held)
    with pytest.raises(ForgeError, match="its numbers are too large") as refused:
        bring(elsewhere, file)
    assert f"The adapter in {file}" in refused.value.message
    assert ".bundle-" not in refused.value.message
