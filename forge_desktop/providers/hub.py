"""A hub of models (huggingface.co, or a mirror of it): found, described, fetched. Nothing is cached, nobody is named.

A token is optional, kept where keys are and bound to the hub's address; `hub.json` in the data directory says where.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import write_atomically
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers.addresses import checked_url
from forge_desktop.providers.http import Door
from forge_desktop.providers.hub_names import part_of, problem_of, quantisation_of, shown_name
from forge_desktop.providers.keys import Keys
from forge_desktop.providers.records import Endpoint, KeyPlace
from forge_desktop.providers.records_hub import HubFile, HubModel, HubRepository, HubSearch

_LANGUAGE = (
    "",
    "text-generation",
    "text2text-generation",
    "image-text-to-text",
    "any-to-any",
    "question-answering",
    "conversational",
    "summarization",
    "translation",
    "audio-text-to-text",
    "video-text-to-text",
)
_EXPANDED = ["author", "cardData", "downloads", "gated", "gguf", "lastModified", "likes", "pipeline_tag", "tags"]
_SHA256 = re.compile(r"[0-9a-f]{64}")  # it names files here, so that it may be nothing else
_START = 256 * 1024  # bytes in which a GGUF says what it is, before its words


def _nothing() -> None:
    """Where nobody stops it."""


class Hub:
    """Safe from any thread; each method blocks. Raises ForgeError in words, Offline, and whatever `check` raises."""

    def __init__(self, door: Callable[[], Door], settings: SettingsFile, keys: Keys, data_dir: Path) -> None:
        self._door, self._settings, self._keys = door, settings, keys
        self._note = data_dir / "hub.json"
        self._this_run = ""  # the address that a token in memory was given for
        if self.token_place == "variable":
            keys.take_variables([self._kept()])  # before a child is started that would inherit it

    @property
    def address(self) -> str:
        """The hub's address as the settings have it. Raises ForgeError where that is none."""
        wanted = self._settings.values.hub_address.strip()
        host = urllib.parse.urlsplit(wanted).hostname or ""
        return checked_url(wanted, with_key=self.token_place != "none", typed_host=host)

    def search(self, text: str, *, limit: int = 30, check: Callable[[], object] = _nothing) -> HubSearch:
        """GGUF repositories whose name holds this text, those loaded most often first."""
        with self._api(check) as (_, api):
            found = api.list_models(search=text, filter="gguf", sort="downloads", limit=limit, expand=_EXPANDED)
            infos = list(itertools.islice(found, limit))
            named = tuple(_model(info) for info in infos if info.id)
            return HubSearch(named, len(infos) - len(named))

    def repository(self, name: str, *, check: Callable[[], object] = _nothing) -> HubRepository:
        """What a repository holds, at its newest revision."""
        with self._api(check, name) as (_, api):
            info = api.model_info(name, files_metadata=True)
            return _repository(self.address, info)

    def start_of(self, repository: HubRepository, file: HubFile, *, check: Callable[[], object] = _nothing) -> bytes:
        """The first bytes of a file, in which a GGUF describes itself; b"" where they cannot be had."""
        from forge_desktop.providers.http import UnsentError
        from forge_desktop.providers.hub_fetch import fetch_start

        try:
            return fetch_start(self._door(), self._wanted(repository, file), min(_START, file.bytes), check)
        except UnsentError:
            return b""

    def fetch(
        self,
        repository: HubRepository,
        file: HubFile,
        into: Path,
        *,
        check: Callable[[], object],
        tell: Callable[[int], object],
        wait: Callable[[float], object],
    ) -> None:
        """Bring `into` to the length of the file; see hub_fetch. First it is asked whether it is that one."""
        from forge_desktop.providers.hub_fetch import fetch_rest

        with self._api(check, repository.name, file.name) as (hub, api):
            wanted = self._wanted(repository, file)
            told = hub.file_download.get_hf_file_metadata(
                wanted.url, token=wanted.token or False, endpoint=api.endpoint
            )
        if (told.size or file.bytes) != file.bytes or (len(told.etag or "") == 64 and told.etag != file.sha256):
            raise ForgeError(
                f"{file.name} of {repository.name} is not the file that was listed.", hint="Look at its files again."
            )
        fetch_rest(self._door(), wanted, into, check=check, tell=tell, wait=wait)

    # -- the token --------------------------------------------------------------------------------------------------

    @property
    def token_place(self) -> KeyPlace:
        """Where the access token is: "none", "keyring", "memory" or "variable"."""
        return self._kept().key

    def set_token(self, token: str | None, *, variable: str = "") -> str:
        """Keep a token, one from a variable, or none; returns one sentence where no keyring took it, else ""."""
        with contextlib.suppress(ForgeError):
            self._keys.forget(self._kept())
        address = self._settings.values.hub_address.strip()
        place = self._keys.place(self._as_endpoint("none"), token, variable)
        self._this_run = address if place == "memory" else ""
        lasting = place in ("keyring", "variable")
        self._write(
            {"token": place if lasting else "none", "variable": variable if lasting else "", "address": address}
        )
        return self._keys.problem if token or variable else ""

    def _write(self, note: dict[str, str]) -> None:
        try:
            write_atomically(self._note, json.dumps(note).encode())
        except OSError as error:
            raise ForgeError(
                f"{self._note} cannot be written: {error.strerror or error}.", hint="Check the room on the disk."
            ) from error

    def _kept(self) -> Endpoint:
        """The hub as what keys are kept for: one given for another address does not count."""
        address = self._settings.values.hub_address.strip()
        if self._this_run and self._this_run == address:
            return self._as_endpoint("memory")
        try:
            note = json.loads(self._note.read_bytes())
            if note["address"] != address or note["token"] not in ("keyring", "variable"):
                return self._as_endpoint("none")
            return self._as_endpoint(note["token"], str(note["variable"]))
        except (OSError, ValueError, KeyError, TypeError):
            return self._as_endpoint("none")

    def _as_endpoint(self, place: KeyPlace, variable: str = "") -> Endpoint:
        address = self._settings.values.hub_address.strip()
        return Endpoint("hub", "the hub", address, "", roles=(), key=place, key_variable=variable)

    def _token(self) -> str:
        return self._keys.of(self._kept())

    # -- asking -----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _api(
        self, check: Callable[[], object], repository: str = "", file: str = ""
    ) -> Iterator[tuple[ModuleType, Any]]:
        address = self.address
        self._door().may_connect(urllib.parse.urlsplit(address).hostname or "")
        from forge_desktop.providers.hub_client import asking
        from forge_desktop.providers.hub_words import worded

        with asking(self._door(), address, check) as hub, worded(address, repository, file):
            yield hub, hub.hf_api.HfApi(endpoint=address, token=self._token() or False, library_name="forge-desktop")

    def _wanted(self, repository: HubRepository, file: HubFile) -> Any:
        from forge_desktop.providers.hub_fetch import Wanted

        path = urllib.parse.quote(file.name)
        url = f"{self.address}/{repository.name}/resolve/{repository.revision}/{path}"
        return Wanted(repository.name, file.name, url, file.bytes, self._token())


def _model(info: Any) -> HubModel:
    kind = info.pipeline_tag or ""
    return HubModel(
        name=str(info.id),
        author=str(info.author or str(info.id).partition("/")[0]),
        downloads=int(info.downloads or 0),
        likes=int(info.likes or 0),
        licence=_licence(info),
        updated=info.last_modified.date().isoformat() if info.last_modified else "",
        gated=bool(info.gated),
        parameters=_of_gguf(info, "total", 0),
        architecture=_of_gguf(info, "architecture", ""),
        context=_of_gguf(info, "context_length", 0),
        problem="" if kind in _LANGUAGE else f"It is made for {kind.replace('-', ' ')}, not for answering.",
    )


def _repository(address: str, info: Any) -> HubRepository:
    page, card = f"{address}/{info.id}", _card(info)
    gated = f"{info.id} is gated: its owner wants you to agree to its terms on its page first." if info.gated else ""
    made = card.get("base_model", "")
    link = card.get("license_link", "")
    return HubRepository(
        name=str(info.id),
        revision=str(info.sha or "main"),
        page=page,
        licence=_licence(info),
        licence_page=link if isinstance(link, str) and link.startswith("https://") else page,
        gated=gated,
        downloads=int(info.downloads or 0),
        updated=info.last_modified.date().isoformat() if info.last_modified else "",
        parameters=_of_gguf(info, "total", 0),
        architecture=_of_gguf(info, "architecture", ""),
        context=_of_gguf(info, "context_length", 0),
        made_from=made if isinstance(made, str) else ", ".join(str(one) for one in made or ()),
        files=_files(info.siblings or ()),
        left_out=sum(not one.rfilename for one in info.siblings or ()),
    )


def _files(siblings: Any) -> tuple[HubFile, ...]:
    """The GGUF files, the smallest first, parts of one taken together."""
    found: dict[str, HubFile] = {}
    for one in siblings:
        name = str(one.rfilename)
        if not name.lower().endswith(".gguf"):
            continue
        whole, number, parts = part_of(name)
        size, sha256 = int(one.size or 0), str(one.lfs["sha256"]) if one.lfs else ""
        if (earlier := found.get(whole)) is not None:
            first = earlier.name if number > 1 else shown_name(name)
            found[whole] = HubFile(first, earlier.bytes + size, "", earlier.quantisation, parts, earlier.problem)
            continue
        problem = problem_of(name, parts)
        if not problem and not size:
            problem = "The hub does not say how long it is."
        if not problem and not _SHA256.fullmatch(sha256):
            problem = "The hub lists no checksum for it, so that it could not be told from a damaged one."
        found[whole] = HubFile(shown_name(name), size, "" if problem else sha256, quantisation_of(name), parts, problem)
    return tuple(sorted(found.values(), key=lambda file: (bool(file.problem), file.bytes, file.name)))


def _card(info: Any) -> dict[str, Any]:
    data = info.card_data
    return dict(data.to_dict()) if data is not None else {}


def _licence(info: Any) -> str:
    card = _card(info)
    named = card.get("license_name") or card.get("license") or ""
    if isinstance(named, list):
        named = ", ".join(str(one) for one in named)
    tags = (str(tag).partition(":")[2] for tag in info.tags or () if str(tag).startswith("license:"))
    return str(named) or next(tags, "")


def _of_gguf(info: Any, key: str, missing: Any) -> Any:
    value = (info.gguf or {}).get(key, missing) if isinstance(info.gguf, dict) else missing
    return value if isinstance(value, type(missing)) and not isinstance(value, bool) else missing
