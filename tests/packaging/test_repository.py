"""What lies in the repository: no file names a place on somebody's machine or a package index, none is a giant."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written so that this file does not contain what it looks for.
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.~$}/-])/(home|Users|root|work|mnt)/(?!ada/)[a-z]\w*/",  # Ada is made up
    "a package index": "|".join(
        ["py" + r"pi\.org/simple", "files" + r"\.pythonhosted", "index" + r"-url\s*[=:]\s*http"]
    ),
    "an unfinished merge": r"^(<{7}|>{7}) ",
}


def tracked() -> list[Path]:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, timeout=60, check=False)
    if listed.returncode:
        pytest.skip(f"git does not list the files: {listed.stderr.decode(errors='replace').strip()}")
    return [path for name in listed.stdout.split(b"\0") if name and (path := ROOT / name.decode()).is_file()]


def text_of(path: Path) -> str | None:
    data = path.read_bytes()
    if b"\0" in data[:8192]:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = []
    for path in tracked():
        for match in pattern.finditer(text_of(path) or ""):
            found.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert not found


def test_large_files_stay_out() -> None:
    large = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > 3_000_000]
    assert not large


def test_shell_scripts_can_be_started() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
