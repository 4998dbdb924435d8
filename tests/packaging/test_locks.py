"""The lock files: every package pinned and hashed, nothing that names a place, and the sets fit each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from devtools import llama, locks

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("runtime", "dev", "build", "starter", "peers")


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_is_pinned_with_a_hash(name: str) -> None:
    requirements = locks.read(name)
    assert requirements
    assert all(requirement.hashes for requirement in requirements)


@pytest.mark.parametrize("path", sorted(locks.LOCKS.iterdir()), ids=lambda path: path.name)
def test_a_lock_names_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted|\s@\s", text)


def test_what_tests_install_contains_what_running_installs() -> None:
    assert set(locks.read("runtime")) <= set(locks.read("dev"))


def test_every_declared_dependency_is_locked_in_a_version_it_allows() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [Requirement(text) for text in project["project"]["dependencies"]]
    for requirement in declared:
        locked = [found for found in locks.read("runtime") if found.name == locks.normal(requirement.name)]
        assert locked, requirement.name
        assert all(requirement.specifier.contains(found.version) for found in locked)


def test_the_engine_is_locked_to_its_source_alone() -> None:
    assert len(locks.only(locks.read("runtime"), "llama_cpp_python").hashes) == 1


def test_a_lock_survives_being_written_and_read(tmp_path: Path) -> None:
    requirements = locks.read("runtime")
    assert locks.parse(locks.write(tmp_path / "made" / "again.txt", requirements).read_text()) == requirements


def test_a_package_can_be_left_out_by_any_spelling() -> None:
    requirements = locks.read("runtime")
    names = [requirement.name for requirement in locks.without(requirements, "llama_cpp.Python")]
    assert len(names) == len(requirements) - 1
    assert llama.NAME not in names


@pytest.mark.parametrize(
    "line",
    [
        "numpy==2.4.6",
        "numpy>=2 --hash=sha256:" + "0" * 64,
        "numpy==2.4.6 --hash=sha256:" + "0" * 63,
        "https://example.org/numpy.whl --hash=sha256:" + "0" * 64,
        "-r other.txt",
    ],
)
def test_anything_unlocked_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a locked requirement"):
        locks.parse(line)


def test_boundaries_count_in_a_digest() -> None:
    assert locks.digest("ab", "c") != locks.digest("a", "bc")
    assert locks.digest("ab") == locks.digest(b"ab")
