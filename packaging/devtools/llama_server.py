"""A llama-server and the lightest client there can be, as a process the benchmark talks to in lines.

`llama_server.py PROGRAM MODEL [ARGUMENT ...]` starts the server and prints "ready". Each line of JSON on its standard
input is a list of requests that are sent at once: {"path", "body"}. One line of JSON comes back: for each request its
text, when its first token and its end came and the server's own timings; and the processor time of server and client.
The measured processes are told apart from the benchmark's own, and the product itself opens no connection.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any


def main(arguments: Sequence[str]) -> int:
    """Serve until the input ends."""
    program, model, *more = arguments
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [program, "-m", model, "--host", "127.0.0.1", "--port", str(port), *more]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=subprocess.DEVNULL) as server:
        try:
            if not _healthy(server, port):
                return 1
            print("ready", flush=True)
            for line in sys.stdin:
                print(json.dumps(_ask(server.pid, port, json.loads(line))), flush=True)
        finally:
            server.kill()
    return 0


class _Exchange:
    """One request and what has come back for it so far."""

    def __init__(self, port: int, request: dict[str, Any], began: float) -> None:
        self._began = began
        self._rest = b""
        self.texts: list[str] = []
        self.first: float | None = None
        self.last: dict[str, Any] = {}
        body = json.dumps(request["body"]).encode()
        head = f"POST {request['path']} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(head.encode() + body)

    def take(self) -> bool:
        """Read what is there; False at its end. Chunk lengths stand on lines of their own and are passed over."""
        data = self.socket.recv(1 << 16)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line.startswith(b"data: {"):
                self._event(json.loads(line[6:]))
        return bool(data)

    def _event(self, event: dict[str, Any]) -> None:
        choices = event.get("choices")
        text = event.get("content") if choices is None else choices and choices[0].get("delta", {}).get("content")
        if text:
            if self.first is None:
                self.first = time.perf_counter() - self._began
            self.texts.append(text)
        if "timings" in event:
            self.last = event["timings"]


def _ask(pid: int, port: int, requests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    server, client, began = _cpu_of(pid), time.process_time(), time.perf_counter()
    with selectors.DefaultSelector() as waiting:
        exchanges = [_Exchange(port, request, began) for request in requests]
        for exchange in exchanges:
            waiting.register(exchange.socket, selectors.EVENT_READ, exchange)
        while waiting.get_map():
            for key, _ in waiting.select():
                if not key.data.take():
                    waiting.unregister(key.fileobj)
                    key.data.socket.close()
    return {
        "wall": time.perf_counter() - began,
        "client_cpu": time.process_time() - client,
        "server_cpu": _cpu_of(pid) - server,
        "answers": [
            {"text": "".join(exchange.texts), "first": exchange.first, "timings": exchange.last}
            for exchange in exchanges
        ],
    }


def _healthy(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the model is loaded."""
    deadline = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), _get(port, "/health") as answer:
            if b" 200 " in answer:
                return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def _get(port: int, path: str) -> Iterator[bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        yield connection.recv(4096)


def _cpu_of(pid: int) -> float:
    """Processor seconds of a process and all its threads, by the clock that Linux has for each process."""
    clock_gettime = getattr(time, "clock_gettime", None)
    if not sys.platform.startswith("linux") or clock_gettime is None:
        return time.perf_counter()
    return float(clock_gettime((~pid << 3) | 2))


if __name__ == "__main__":
    os.environ.pop("LLAMA_ARG_MODEL", None)
    sys.exit(main(sys.argv[1:]))
