"""The trainer's environment: looked at before it is fetched, refused for GPUs, whole or not there at all."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers.http import Door
from forge_desktop.providers.sizes import size_of
from forge_desktop.students.making_environment import EnvironmentMaker, Wanted
from tests.students.wheels import make_wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """An index of packages in a folder; pip knows no other."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    def make(*torch_requires: str) -> str:
        folder = tmp_path / f"index{len(torch_requires)}"
        make_wheel(folder, "torch", "2.13.0", torch_requires)
        make_wheel(folder, "gguf", "0.19.0")
        make_wheel(folder, "numpy", "2.4.0")
        for each in torch_requires:
            make_wheel(folder, each, "13.0")
        return folder.as_uri()

    return make


def in_job(work: Callable[[JobContext], object], cancel_at: str = "") -> object:
    """The work as a job; cancelled as soon as it says `cancel_at`."""
    events = Events()
    jobs = Jobs(events)
    try:
        if cancel_at:
            events.subscribe(lambda event: (cancel_at in getattr(event, "note", "") and jobs.cancel(1)) or None)
        return jobs.wait(jobs.start("students", "trainer environment", work), timeout=120)
    finally:
        jobs.close()


def test_an_environment_is_made_whole_or_not_at_all(tmp_path: Path, index: Callable[..., str]) -> None:
    asked: list[str] = []
    folder = tmp_path / "trainer"
    maker = EnvironmentMaker(folder, asked.append)
    wanted = maker.wanted(index=index(), ray=False, gpu=False, python="")
    assert asked == ["the package index"]
    made = in_job(lambda ctx: maker.make(ctx, wanted, lambda python: "" if python.is_file() else "gone"))
    assert isinstance(made, Path)
    assert made.is_file()
    assert list(folder.iterdir()) == [folder / "env"]
    assert list((folder / "env").glob("**/torch-2.13.0.dist-info"))
    with pytest.raises(ForgeError, match="will not do: it is odd"):
        in_job(lambda ctx: maker.make(ctx, wanted, lambda _python: "it is odd"))
    with pytest.raises(Cancelled):
        in_job(lambda ctx: maker.make(ctx, wanted, lambda _python: ""), cancel_at="Fetching")
    assert list(folder.iterdir()) == [folder / "env"]  # the one before stays
    assert made.is_file()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The folder of the test over HTTP."""
    handler = functools.partial(Quiet, directory=tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_build_for_gpus_is_refused_unless_it_is_meant(tmp_path: Path, index: Callable[..., str], served: str) -> None:
    index("nvidia-cublas")
    door = Door(SettingsFile(tmp_path / "settings.json", Events()))
    maker = EnvironmentMaker(tmp_path / "trainer", door.may_connect, functools.partial(size_of, door))
    wanted = maker.wanted(index=f"{served}/index1", ray=False, gpu=False, python="")
    found = in_job(lambda ctx: maker.look(ctx, wanted))
    assert found.gpu is True  # type: ignore[attr-defined]
    assert ("nvidia-cublas", "13.0") in found.packages  # type: ignore[attr-defined]
    wheels = sum(each.stat().st_size for each in tmp_path.glob("index1/*/*.whl"))
    assert found.bytes == wheels  # type: ignore[attr-defined]
    with pytest.raises(ForgeError, match="build for GPUs: 4 packages") as told:
        in_job(lambda ctx: maker.make(ctx, wanted, lambda _python: ""))
    assert "--with-gpu" in told.value.hint
    door.close()
    assert list((tmp_path / "trainer").iterdir()) == []


def test_what_goes_wrong_is_said(tmp_path: Path, index: Callable[..., str]) -> None:
    def offline(host: str) -> None:
        raise ForgeError(f"Forge is offline, so {host} was not asked.")

    maker = EnvironmentMaker(tmp_path / "trainer", offline)
    with pytest.raises(ForgeError, match=r"so packages\.example was not asked"):
        maker.wanted(index="https://packages.example/simple", ray=False, gpu=False, python="")
    maker = EnvironmentMaker(tmp_path / "trainer", lambda _host: None)
    wanted = Wanted(str(tmp_path / "no-python"), "", ("torch",), gpu=False)
    with pytest.raises(ForgeError, match="cannot be started"):
        in_job(lambda ctx: maker.make(ctx, wanted, lambda _python: ""))
    for nonsense in ("nonsense", "ftp://packages.example/simple", "http://packages.example/simple", "https://"):
        with pytest.raises(ForgeError, match="no address of a package index"):
            maker.wanted(index=nonsense, ray=False, gpu=False, python="")
    empty = tmp_path / "empty"
    empty.mkdir()
    wanted = maker.wanted(index=empty.as_uri(), ray=True, gpu=False, python="")
    assert any(package.startswith("ray") for package in wanted.packages)
    with pytest.raises(ForgeError, match=r"could not be made: the package index has no torch==2\.13\.0") as told:
        in_job(lambda ctx: maker.make(ctx, wanted, lambda _python: ""))
    assert "logs/forge.log" in told.value.hint
    assert list((tmp_path / "trainer").iterdir()) == []
