"""A hub of models on loopback: speaks the hub's protocol over real HTTP, with a CDN on a port of its own.

    with HubServer() as hub:
        hub.add("owner/Model-GGUF", {"Model.Q4_K_M.gguf": b"GGUF..."})
        settings.change(hub_address=hub.url)

It answers /api/models (search, filter, sort, limit, expand), /api/models/<repository>?blobs, and
/<repository>/resolve/<revision>/<file> by HEAD and GET: with ETag, X-Linked-Etag and -Size, X-Repo-Commit and a
redirect to the CDN, which knows Range. Misbehaviour is a `Fault`, for the next requests of one kind ("api", "resolve",
"cdn").
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Kind = Literal["api", "resolve", "cdn"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: a status with headers and body; a cut or a hang after so many bytes; bytes
    turned over; Range not known; another address to go to.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    hang: int | None = None
    wrong: bool = False
    no_range: bool = False
    to: str = ""


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    kind: str
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Repository:
    """What the hub has; `files` without a hash ("plain") are no LFS files."""

    name: str
    files: dict[str, bytes]
    facts: dict[str, Any]
    plain: frozenset[str] = frozenset()
    revision: str = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """The hub and its CDN. With `token` what is gated is given to whoever brings it."""

    def __init__(self, *, token: str = "") -> None:
        self.token = token
        self.repositories: dict[str, Repository] = {}
        self.seen: list[Seen] = []
        self.arrived = threading.Condition()
        self.closing = threading.Event()
        self.sent = 0  # bytes of files that left
        self._faults: dict[Kind, deque[Fault]] = {"api": deque(), "resolve": deque(), "cdn": deque()}
        self._lock = threading.Lock()
        self._servers = [_Server(self, "hub"), _Server(self, "cdn")]
        ports = [one.server_address[1] for one in self._servers]
        self.url, self.cdn = f"http://127.0.0.1:{ports[0]}", f"http://localhost:{ports[1]}"
        self._threads = [
            threading.Thread(target=one.serve_forever, args=(0.02,), name="hub", daemon=True) for one in self._servers
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> HubServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering; whatever hangs is let go."""
        self.closing.set()
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join(5)

    def add(self, name: str, files: Mapping[str, bytes], *, plain: tuple[str, ...] = (), **facts: Any) -> Repository:
        """A repository; `facts` as the API tells them (downloads, gated, gguf, pipeline_tag, cardData …)."""
        usual = {
            "downloads": 100,
            "likes": 5,
            "lastModified": "2026-03-04T05:06:07.000Z",
            "gated": False,
            "private": False,
            "tags": ["gguf", "license:apache-2.0"],
            "pipeline_tag": "text-generation",
            "cardData": {"license": "apache-2.0", "base_model": "owner/Model"},
            "gguf": {"total": 135_000_000, "architecture": "llama", "context_length": 2048},
        }
        made = Repository(name, dict(files), {**usual, **facts}, frozenset(plain))
        self.repositories[name] = made
        return made

    def next(self, kind: Kind, *faults: Fault) -> None:
        """What goes wrong with the next requests of this kind."""
        self._faults[kind].extend(faults)

    def count(self, kind: str) -> int:
        """How many requests of a kind came."""
        return sum(one.kind == kind for one in self.seen)

    def wait_for(self, wanted: Callable[[], bool], seconds: float = 20.0) -> bool:
        """Wait until something holds that follows from requests; it is looked at now and then."""
        end = time.monotonic() + seconds
        with self.arrived:
            while not wanted() and time.monotonic() < end:
                self.arrived.wait(0.05)
            return wanted()

    def take(self, kind: Kind) -> Fault:
        """The fault of this request."""
        with self._lock:
            return self._faults[kind].popleft() if self._faults[kind] else Fault()

    def note(self, seen: Seen) -> None:
        """A request has come."""
        with self.arrived:
            self.seen.append(seen)
            self.arrived.notify_all()

    def has_sent(self, count: int) -> None:
        """Bytes of a file have left."""
        with self.arrived:
            self.sent += count
            self.arrived.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: HubServer, place: str) -> None:
        self.hub, self.place = hub, place
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that was left is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""

    def _answer(self) -> None:
        path = urllib.parse.urlsplit(self.path)
        kind: Kind = "cdn" if self.server.place == "cdn" else "api" if path.path.startswith("/api/") else "resolve"
        hub = self.server.hub
        hub.note(Seen(kind, self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        fault = hub.take(kind) if not (kind == "resolve" and self.command == "HEAD") else Fault()
        if fault.status:
            self._say(fault.status, fault.body, dict(fault.headers))
        elif kind == "cdn":
            self._bytes(urllib.parse.unquote(path.path).lstrip("/"), fault)
        elif kind == "api":
            self._api(path.path.removeprefix("/api/models").strip("/"), urllib.parse.parse_qs(path.query))
        else:
            self._resolve(urllib.parse.unquote(path.path), fault)

    def _api(self, name: str, asked: Mapping[str, list[str]]) -> None:
        hub = self.server.hub
        if name:
            if (found := hub.repositories.get(urllib.parse.unquote(name))) is None:
                self._say(401, b'{"error":"Repository not found"}', {"X-Error-Code": "RepoNotFound"})
                return
            self._say(200, json.dumps(described(found, "blobs" in asked)).encode())
            return
        text = asked.get("search", [""])[0].casefold()
        listed = [described(one, False) for one in hub.repositories.values() if text in one.name.casefold()]
        if "gguf" in asked.get("filter", []):
            listed = [one for one in listed if "gguf" in one["tags"]]
        if asked.get("sort") == ["downloads"]:
            listed.sort(key=lambda one: -one["downloads"])
        keep = {"id", "_id", "modelId", *asked.get("expand", [])}
        listed = [{key: value for key, value in one.items() if key in keep} for one in listed]
        self._say(200, json.dumps(listed[: int(asked.get("limit", ["1000"])[0])]).encode())

    def _resolve(self, path: str, fault: Fault) -> None:
        hub = self.server.hub
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        repository = hub.repositories.get(found[1]) if found else None
        if found is None or repository is None:
            self._say(404, b"", {"X-Error-Code": "RepoNotFound"})
            return
        if repository.facts["gated"] and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._say(403 if "Authorization" in self.headers else 401, b"", {"X-Error-Code": "GatedRepo"})
            return
        content = repository.files.get(found[3])
        if content is None:
            self._say(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        tag = hashlib.sha256(content).hexdigest()
        headers = {
            "X-Repo-Commit": repository.revision,
            "X-Linked-Etag": f'"{tag}"',
            "X-Linked-Size": str(len(content)),
            "ETag": f'"{tag}"',
            "Location": fault.to or f"{hub.cdn}/{urllib.parse.quote(repository.name + '/' + found[3])}",
        }
        self._say(302, b"", headers)

    def _bytes(self, path: str, fault: Fault) -> None:
        owner, name, file = path.split("/", 2)
        content = self.server.hub.repositories[f"{owner}/{name}"].files[file]
        if fault.wrong:
            content = content[:-1] + bytes([content[-1] ^ 255])
        begin, end = 0, len(content)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        headers = {"ETag": '"cdn"'}
        status = 200
        if found and not fault.no_range:
            begin = int(found[1])
            end = min(end, int(found[2]) + 1) if found[2] else end
            if begin >= len(content):
                self._say(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            status, headers["Content-Range"] = 206, f"bytes {begin}-{end - 1}/{len(content)}"
        body = content[begin:end]
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        stop = fault.cut if fault.cut is not None else fault.hang
        with contextlib.suppress(OSError):
            self._pour(body if stop is None else body[:stop])
            if fault.hang is not None:
                self.server.hub.closing.wait()
            if stop is not None:
                self._reset()

    def _pour(self, body: bytes) -> None:
        for start in range(0, len(body), 16_384):
            piece = body[start : start + 16_384]
            self.wfile.write(piece)
            self.server.hub.has_sent(len(piece))
        self.wfile.flush()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        self.connection.shutdown(socket.SHUT_RDWR)

    def _say(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def described(repository: Repository, blobs: bool) -> dict[str, Any]:
    """What the API tells of a repository; with `blobs` the sizes and hashes of its files too."""
    siblings = []
    for name, content in repository.files.items():
        one: dict[str, Any] = {"rfilename": name}
        if blobs:
            one |= {"size": len(content), "blobId": hashlib.sha1(content).hexdigest()}
            if name not in repository.plain:
                one["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
        siblings.append(one)
    owner = repository.name.partition("/")[0]
    return {
        "_id": "0",
        "id": repository.name,
        "modelId": repository.name,
        "author": owner,
        "sha": repository.revision,
        "siblings": siblings,
        **repository.facts,
    }
