"""A teacher on loopback: speaks the vendors' wire formats over real HTTP, keeps its own bill, misbehaves when told.

    with Teacher(answer=lambda body: "42") as teacher:
        ...                                       # teacher.url is "http://127.0.0.1:port/v1"
        assert teacher.bill <= ledger's total     # micro-dollars by the teacher's own tokens and prices

It answers the path it is asked on, so that one teacher serves OpenAI chat completions, Anthropic messages, Gemini,
`/embeddings`, `/models` and the batch endpoints. The answer function gets the request's body as it came and gives the
text; a list is a list of pieces for a stream. Misbehaviour is a `Fault`: `teacher.next(Fault(...), ...)` for the next
requests in turn, `teacher.always = Fault(...)` for all.
"""

from __future__ import annotations

import contextlib
import json
import math
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.providers.teacher_batches import Batching
from tests.providers.teacher_wires import Reply, speak

Answer = Callable[[dict[str, Any]], "str | Sequence[str]"]
USUAL = object()  # usage as it is


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    `status` other than 200 answers with it and `body`. `usage` takes the place of the true usage (None: it is left
    out; any other value stands there as it is). `after` bytes of the answer's body the connection is cut ("cut"), reset
    ("reset") or falls silent ("hang", until the teacher closes); with `after` None "hang" means before the headers, and
    "leave" that the connection is closed after the whole answer without a word.
    `seconds` pass before the answer, `pause` between the pieces of a stream. `billed` None: whatever was answered with
    a status of 200, cut or hanging or not, is billed, and nothing else.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    usage: Any = USUAL
    after: int | None = None
    then: str = ""
    seconds: float = 0.0
    pause: float = 0.0
    billed: bool | None = None


def storm(status: int, retry_after: str | None = None, *, billed: bool | None = None) -> Fault:
    """A refusal such as 429, 500, 503 or 529, with or without Retry-After."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    body = json.dumps({"error": {"message": f"status {status}", "type": "test"}}).encode()
    return Fault(status=status, headers=headers, body=body, billed=billed)


def redirect(to: str) -> Fault:
    """A redirect to another origin."""
    return Fault(status=307, headers={"Location": to}, body=b"")


GARBAGE = Fault(body=b"<html>\xff\xfe not JSON at all", billed=True)


@dataclass(frozen=True)
class Call:
    """A request as it came in, with what it cost by the teacher's reckoning in millionths of a micro-dollar."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    body: Any
    billed: int
    status: int


class Teacher:
    """The server. Prices are micro-dollars per million tokens; with `key` a request without it is refused (401)."""

    def __init__(
        self,
        answer: Answer | str = "The answer is 42 [1].",
        *,
        price_in: int = 150_000,
        price_out: int = 600_000,
        key: str = "",
        certificate: tuple[Path, Path] | None = None,
        thinking: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.answer: Answer = answer if callable(answer) else lambda body: str(answer)
        self.price_in, self.price_out, self.key, self.thinking = price_in, price_out, key, thinking
        self.headers = headers or {}
        self.always: Fault | None = None
        self.calls: list[Call] = []
        self.connections = 0
        self.open = 0  # connections that are not closed on this side
        self.handshakes_refused = 0
        self.busy = self.busiest = 0  # requests being answered, now and at most
        self.closing = threading.Event()
        self.arrived = threading.Condition()
        self.batching = Batching(self)
        self._faults: deque[Fault] = deque()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.teacher = self
        self._server.tls = _context(certificate) if certificate else None
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{'https' if certificate else 'http'}://{self.host}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="teacher", daemon=True)
        self._thread.start()

    @property
    def bill(self) -> int:
        """What it charges for all calls so far, in micro-dollars, rounded up once."""
        with self.arrived:
            return math.ceil(sum(call.billed for call in self.calls) / 1_000_000)

    @property
    def bodies(self) -> list[Any]:
        """The bodies of all requests that were POSTed, in the order they came."""
        with self.arrived:
            return [call.body for call in self.calls if call.method == "POST"]

    def next(self, *faults: Fault) -> None:
        """These are for the next requests, one each."""
        with self.arrived:
            self._faults.extend(faults)

    def wait(self, calls: int, seconds: float = 10.0) -> None:
        """Until so many requests have come in (their answer may not be out yet)."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: len(self.calls) >= calls, seconds):
                raise TimeoutError(f"{len(self.calls)} of {calls} requests came")

    def tokens(self, text: str) -> int:
        """Its tokens in a text: one for each four bytes begun, so never more than there are bytes."""
        return -(-len(text.encode()) // 4)

    def cost(self, tokens_in: int, tokens_out: int, *, share: int = 1) -> int:
        """Millionths of a micro-dollar; a batch costs one `share`-th."""
        return -(-(tokens_in * self.price_in + tokens_out * self.price_out) // share)

    def close(self) -> None:
        """End whatever hangs, and the server. Safe to call twice."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> Teacher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fault(self) -> Fault:
        with self.arrived:
            return self._faults.popleft() if self._faults else self.always or Fault()

    def _came(self, call: Call) -> None:
        with self.arrived:
            self.calls.append(call)
            self.arrived.notify_all()

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        with self.arrived:
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        try:
            yield
        finally:
            with self.arrived:
                self.busy -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    teacher: Teacher
    tls: ssl.SSLContext | None

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self.teacher.arrived:
            self.teacher.connections += 1
        if self.tls is not None:
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except (ssl.SSLError, OSError):
                self.teacher.handshakes_refused += 1
                self.shutdown_request(request)
                return
        with self.teacher.arrived:
            self.teacher.open += 1
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self.teacher.arrived:
                self.teacher.open -= 1
                self.teacher.arrived.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _serve(self, raw: bytes) -> None:
        teacher = self.server.teacher
        with teacher._answering():
            fault = teacher._fault()
            refused = teacher.key and teacher.key not in (
                self.headers.get("Authorization", "").removeprefix("Bearer "),
                self.headers.get("x-api-key"),
                self.headers.get("x-goog-api-key"),
            )
            if refused and fault.status == 200:
                fault = storm(401)
            reply = self._reply(raw, fault)
            billed = fault.billed if fault.billed is not None else fault.status == 200
            teacher._came(
                Call(
                    self.command,
                    self.path,
                    {name.lower(): value for name, value in self.headers.items()},
                    raw,
                    _json(raw),
                    reply.cost if billed else 0,
                    fault.status if fault.status != 200 else reply.status,
                )
            )
            with contextlib.suppress(OSError):
                self._send(fault, reply)

    def _reply(self, raw: bytes, fault: Fault) -> Reply:
        teacher, body = self.server.teacher, _json(raw)
        if fault.status != 200 and not fault.billed:
            return Reply([], 0)
        if reply := teacher.batching.reply(self.command, self.path, raw, body):
            return reply
        return speak(teacher, self.path, body, fault.usage is not USUAL, fault.usage)

    def _send(self, fault: Fault, reply: Reply) -> None:
        teacher = self.server.teacher
        if fault.seconds:
            teacher.closing.wait(fault.seconds)
        if fault.after is None and fault.then == "hang":
            teacher.closing.wait()
        if fault.after is None and fault.then in ("cut", "reset"):
            self._break(fault.then)
            return
        pieces = reply.pieces if fault.status == 200 else []
        pieces = [fault.body] if fault.body is not None else pieces
        streamed = reply.streamed and fault.status == 200 and fault.body is None
        status = fault.status if fault.status != 200 else reply.status
        self.send_response(status)
        for name, value in {**teacher.headers, **fault.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        if streamed:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(sum(map(len, pieces))))
        self.end_headers()
        self._pour(pieces, fault, chunked=streamed)

    def _pour(self, pieces: Sequence[bytes], fault: Fault, *, chunked: bool) -> None:
        left = fault.after
        for n, piece in enumerate(pieces):
            if n and fault.pause and self.server.teacher.closing.wait(fault.pause):
                break
            part = piece if left is None else piece[:left]
            if part:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                self.wfile.flush()
            if left is not None:
                left -= len(part)
                if left <= 0 and (len(part) < len(piece) or fault.then == "hang"):
                    self._break(fault.then or "cut")
                    return
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        self.close_connection = self.close_connection or fault.then == "leave"

    def _break(self, how: str) -> None:
        self.close_connection = True
        if how == "hang":
            self.server.teacher.closing.wait()
        elif how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            if how != "reset":
                self.connection.shutdown(socket.SHUT_RDWR)
            self.connection.close()


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context
