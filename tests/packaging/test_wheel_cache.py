"""The compiled engine: portable flags, and a cache key that changes with everything that changes the wheel."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from devtools import llama, locks, machine, steps

REQUIREMENT = locks.Requirement("llama-cpp-python", "0.3.36", "", ("a" * 64,))


def key(
    requirement: locks.Requirement = REQUIREMENT,
    flags: tuple[str, ...] = ("-DGGML_NATIVE=OFF",),
    target: str = "cpython-311-linux-x86_64-glibc-2.36",
    build: bytes = b"cmake==3.31.10",
) -> str:
    return llama.wheel_key(requirement, list(flags), target, build)


def test_the_same_inputs_find_the_same_wheel() -> None:
    assert key() == key()
    assert key().startswith("0.3.36-")


@pytest.mark.parametrize(
    "other",
    [
        {"requirement": replace(REQUIREMENT, version="0.3.37")},
        {"requirement": replace(REQUIREMENT, hashes=("b" * 64,))},
        {"flags": ("-DGGML_NATIVE=ON",)},
        {"flags": ("-DGGML_NATIVE=OFF", "-DGGML_AVX2=ON")},
        {"target": "cpython-312-linux-x86_64-glibc-2.36"},
        {"target": "cpython-311-linux-x86_64-glibc-2.39"},
        {"build": b"cmake==3.31.11"},
    ],
)
def test_whatever_changes_the_wheel_changes_its_key(other: dict[str, object]) -> None:
    assert key(**other) != key()  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["x86_64", "AMD64"])
def test_a_pc_is_compiled_for_avx2_and_never_for_one_processor(name: str) -> None:
    flags = llama.flags(name, avx2=True)
    assert "-DGGML_NATIVE=OFF" in flags
    assert {"-DGGML_AVX2=ON", "-DGGML_FMA=ON", "-DGGML_F16C=ON", "-DGGML_BMI2=ON"} <= set(flags)
    assert not any("AMX" in flag or "AVX512" in flag for flag in flags)


def test_a_processor_without_avx2_gets_an_engine_that_starts(tmp_path: Path) -> None:
    assert "-DGGML_AVX2=OFF" in llama.flags("x86_64", avx2=False)
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu sse4_2 avx\n")
    assert not machine.has_avx2(cpuinfo)
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 fma f16c bmi2\n")
    assert machine.has_avx2(cpuinfo)
    assert machine.has_avx2(tmp_path / "missing")


@pytest.mark.parametrize("name", ["arm64", "aarch64"])
def test_other_processors_get_no_pc_flags(name: str) -> None:
    assert llama.flags(name) == ["-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF"]


def test_the_cache_is_outside_the_clone_and_moves_with_its_variable(tmp_path: Path) -> None:
    folder = llama.wheel_folder({"FORGE_CACHE_DIR": str(tmp_path)})
    assert folder.parent == tmp_path / "wheels"
    assert not llama.wheel_folder({"HOME": str(tmp_path)}).is_relative_to(steps.ROOT)


def test_a_half_made_folder_is_no_wheel(tmp_path: Path) -> None:
    assert llama.cached_wheel(tmp_path / "missing") is None
    (tmp_path / "llama_cpp_python-0.3.36.tar.gz").touch()
    assert llama.cached_wheel(tmp_path) is None


def test_a_persons_compiler_flags_and_pip_settings_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CFLAGS", "CMAKE_ARGS", "SKBUILD_BUILD_DIR", "PYTHONPATH", "PIP_TARGET", "PIP_CONSTRAINT"):
        monkeypatch.setenv(name, "surprise")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_CERT", "certificates.pem")
    monkeypatch.setenv("HOME", "")
    env = steps.clean_environment(EXTRA="1")
    assert "surprise" not in env.values()
    assert (env["PIP_USER"], env["PIP_CERT"], env["EXTRA"]) == ("0", "certificates.pem", "1")
    assert "HOME" not in env
    assert env["PATH"] == os.environ["PATH"]
