"""The registry and files: what is no adapter is refused, what changed is found, and nothing is half there."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import PromptMessage, PromptPart, Sampling
from forge_desktop.students.gguf_writing import write_gguf
from forge_desktop.students.naming import cleaned
from forge_desktop.students.records_versions import Version
from tests.conftest import ROOT
from tests.data import adapter_for, tiny_adapter, tiny_gguf
from tests.students.conftest import Shop

HELLO = [PromptMessage("user", (PromptPart("Hello"),))]
PEFT = ROOT / "tests" / "data" / "peft"


def folder_of(shop: Shop) -> Path:
    return shop.forge.data_dir / "adapters"


def imported(shop: Shop, path: Path, base: str = "v2", name: str = "") -> Version:
    base = shop.registry.version(base).base_sha256
    found = shop.forge.jobs.wait(shop.registry.import_adapter(path, base, name=name), timeout=60)
    assert isinstance(found, Version)
    return found


def test_an_adapter_is_copied_and_kept_for_its_owner_only(shop: Shop) -> None:
    made = shop.adapter()
    kept = shop.registry.adapter(made.adapter_sha256)
    assert Path(kept.path) == folder_of(shop) / f"{made.adapter_sha256}.gguf"
    assert (kept.origin, kept.rank, kept.alpha, kept.architecture) == ("trained", 2, 4.0, "llama")
    assert kept.detail["targets"] == ["blk.0.attn_q.weight", "blk.0.ffn_down.weight"]
    if os.name == "posix":
        assert stat.S_IMODE(os.stat(kept.path).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(folder_of(shop)).st_mode) == 0o700
    assert shop.adapter() == made  # the same bytes are the same adapter and version
    assert len(shop.registry.adapters()) == 1


def test_what_a_killed_process_left_is_tidied_away(shop: Shop) -> None:
    made = shop.adapter()
    for name in ("half.part", f"{'d' * 64}.gguf"):  # killed while copying, and before the row was written
        (folder_of(shop) / name).write_bytes(b"GGUF")
    other = shop.adapter(2)
    kept = sorted(path.stem for path in folder_of(shop).iterdir())
    assert kept == sorted([made.adapter_sha256, other.adapter_sha256])


def test_an_adapter_from_elsewhere_is_in_quarantine_until_a_gate_passed_it(shop: Shop, tmp_path: Path) -> None:
    file = adapter_for.write(tmp_path / "Found-It.gguf", shop.tiny)
    made = imported(shop, file)
    assert (made.name, made.quarantined, made.state) == ("Found-It", True, "candidate")
    with pytest.raises(ForgeError, match="came from elsewhere and no gate has passed it"):
        shop.registry.promote("v3")
    shop.judged("v3")
    assert not shop.registry.version("v3").quarantined
    assert shop.registry.history("v3")[-1].what == "imported"


def bad_files(tmp_path: Path, tiny: Path) -> dict[str, tuple[Path, str]]:
    good = adapter_for.write(tmp_path / "good.gguf", tiny)
    raw = good.read_bytes()
    other = tiny_gguf.write(tmp_path / "other-base.gguf", architecture="qwen2")
    made = {
        "truncated": (raw[: len(raw) // 2], "cannot be used as an adapter"),
        "garbage": (b"GGUF" + bytes(range(256)) * 8, "cannot be used as an adapter"),
        "text": (b"This is no adapter.", "cannot be used as an adapter"),
        "empty": (b"", "cannot be used as an adapter"),
    }
    found = {}
    for name, (content, sentence) in made.items():
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(content)
        found[name] = (path, sentence)
    nan = {"blk.0.attn_q.weight.lora_a": np.ones((2, 32), np.float32)}
    nan["blk.0.attn_q.weight.lora_b"] = np.full((32, 2), np.nan, np.float32)
    header = {
        "general.type": "adapter",
        "general.architecture": "llama",
        "adapter.type": "lora",
        "adapter.lora.alpha": 4.0,
    }
    write_gguf(tmp_path / "nan.gguf", header, nan)
    found["nan"] = (tmp_path / "nan.gguf", "NaN or infinity")
    found["architecture"] = (adapter_for.write(tmp_path / "qwen.gguf", other), "is for the architecture qwen2")
    found["sha"] = (
        adapter_for.write(tmp_path / "sha.gguf", tiny, seed=5, base_sha256="f" * 64),
        "was made for another base",
    )
    found["too large"] = (adapter_for.write(tmp_path / "large.gguf", tiny, strength=3e37), "its numbers are too large")
    found["alpha"] = (tiny_adapter.write(tmp_path / "alpha.gguf", alpha=1e38), "its alpha is 1e\\+38")
    found["below"] = (tiny_adapter.write(tmp_path / "below.gguf", alpha=-4.0), "its alpha is -4")
    (tmp_path / "longer.gguf").write_bytes(raw + b"x" * 1000)
    found["longer"] = (tmp_path / "longer.gguf", "1,000 bytes stand behind its last tensor")
    found["device"] = (Path("/dev/zero"), "no ordinary file")
    os.mkfifo(tmp_path / "pipe.gguf")
    found["pipe"] = (tmp_path / "pipe.gguf", "no ordinary file")
    found["model"] = (other, "no LoRA adapter")
    (tmp_path / "adapter_model.bin").write_bytes(b"\x80\x04")
    found["pickle"] = (tmp_path / "adapter_model.bin", "kept as a pickle")
    found["gone"] = (tmp_path / "gone.gguf", "No such file")
    (tmp_path / "folder").mkdir()
    found["folder"] = (tmp_path / "folder", "no adapter_config.json")
    return found


def test_what_is_no_adapter_for_this_base_is_refused_in_words_and_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    for name, (path, sentence) in bad_files(tmp_path, shop.tiny).items():
        with pytest.raises(ForgeError, match=sentence) as refused:
            imported(shop, path)
        assert str(path) in refused.value.message, name
    assert shop.states() == {"v2": "candidate", "v1": "active"}
    assert list(folder_of(shop).iterdir()) == []
    with pytest.raises(ForgeError, match="No student is called 'nobody'"):
        shop.registry.import_adapter(tmp_path / "good.gguf", "nobody")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("v20", "named v20"), ("a\u202eb\x9b31m\nc", "ab31m c"), ("Z\u00fcrich \U0001f600", "Z\u00fcrich \U0001f600")],
)
def test_a_name_from_elsewhere_cannot_be_taken_for_a_label_nor_move_a_cursor(given: str, kept: str) -> None:
    assert cleaned(given) == kept


def test_a_typed_name_that_looks_like_a_label_is_refused(shop: Shop) -> None:
    with pytest.raises(ForgeError, match="would be taken for a version's label"):
        shop.registry.derive("v1", retrieval={"passages": 3}, name="v20")


@pytest.mark.parametrize("what", ["adapter", "base"])
@pytest.mark.parametrize("change", ["missing", "same size"])
def test_a_file_that_is_not_what_it_was_is_named_before_it_is_used(shop: Shop, what: str, change: str) -> None:
    made = shop.adapter()
    shop.judged("v3")
    file = shop.tiny if what == "base" else Path(shop.registry.adapter(made.adapter_sha256).path)
    kept = file.with_suffix(".kept")
    shutil.copy2(file, kept)
    if change == "missing":
        file.unlink()
    else:
        raw = bytearray(file.read_bytes())
        raw[-1] ^= 1
        file.write_bytes(raw)
        os.utime(file, ns=(1, 1))
    sentence = "cannot be read" if change == "missing" else "has changed"
    assert sentence in shop.registry.check("v3")
    with pytest.raises(ForgeError, match=sentence) as refused:
        shop.registry.promote("v3")
    assert str(file) in refused.value.message
    with pytest.raises(ForgeError, match=sentence):
        shop.registry.promote("v3", override="I know that it is broken.")
    with pytest.raises(ForgeError, match=sentence):
        shop.registry.spec("v3")
    assert shop.states()["v1"] == "active"
    if change == "missing":
        assert sentence in shop.registry.version("v3").problem
    shutil.copy2(kept, file)
    assert shop.registry.check("v3") == ""
    shop.registry.promote("v3")
    file.unlink()
    with pytest.raises(ForgeError, match="cannot be read"):  # also where it answers already
        shop.forge.engine.generate(HELLO, Sampling(max_tokens=1), lambda _: None)
    assert shop.forge.engine.pid is None
    shutil.copy2(kept, file)
    shop.registry.promote("v1")
    file.unlink()
    with pytest.raises(ForgeError, match="cannot be read"):
        shop.registry.rollback()
    assert shop.states()["v1"] == "active"


FULL = """
import resource, sys
from pathlib import Path
from forge_desktop.base.errors import ForgeError
from forge_desktop.forge import Forge
forge = Forge(Path(sys.argv[1]), holder="a test")
registry = forge.students.registry
base = registry.version("v2").base_sha256
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), hard))
try:
    registry.add(Path(sys.argv[2]), base, origin="trained")
except ForgeError as error:
    print(error.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
print(sorted(path.name for path in (Path(sys.argv[1]) / "adapters").iterdir()), len(registry.adapters()))
forge.close()
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_a_full_disk_leaves_nothing_half_made(shop: Shop, tmp_path: Path) -> None:
    file = adapter_for.write(tmp_path / "large.gguf", shop.tiny, rank=64)
    data_dir = shop.forge.data_dir
    shop.forge.close()
    done = subprocess.run(
        [sys.executable, "-c", FULL, data_dir, file, str(file.stat().st_size // 2)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    sentence, left = done.stdout.splitlines()
    assert sentence.startswith("The adapter could not be kept in ")
    assert left == "[] 0"


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("act", ["promote", pytest.param("rollback", marks=pytest.mark.full)])
def test_kill_nine_leaves_the_old_version_active_or_the_new_one(
    shop: Shop, open_shop: Callable[[], Shop], tmp_path: Path, act: str
) -> None:
    shop.adapter()
    shop.judged("v3")
    shop.registry.promote("v2")
    old, new = ("v2", "v3") if act == "promote" else ("v3", "v2")
    if act == "rollback":
        shop.registry.promote("v3")
    data_dir, happened = shop.forge.data_dir, len(shop.registry.history())
    shop.forge.close()
    shutil.copytree(data_dir, tmp_path / "prepared")
    worker = [sys.executable, str(Path(__file__).with_name("killed_promoting.py"))]
    done = subprocess.run(
        [*worker, tmp_path / "prepared", data_dir, act], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert len(found) > 8
    for point in found:
        assert len(point["active"]) == 1, point
        assert point["bases"] == [point["of"]]
        assert point["history"] == happened + (point["active"] == [new])
    labels = [point["active"][0] for point in found]
    assert labels == [old] * labels.count(old) + [new] * labels.count(new)  # once it is the new one it stays so
    assert old in labels
    assert new in labels
    again = open_shop()  # what the last one left behind
    again.in_step()
    assert again.registry.rollback().version.label == ("v2" if act == "promote" else "v1")
