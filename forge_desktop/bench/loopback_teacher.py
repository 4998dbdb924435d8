"""A teacher to measure against, in a process of its own: answers every chat completion after a fixed time.

`python -m forge_desktop.bench.loopback_teacher MILLISECONDS` prints its port and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any


def reply(body: dict[str, Any]) -> bytes:
    """A completion that quotes the line which has most words of the question."""
    lines = str(body["messages"][-1]["content"]).splitlines()
    wanted = set(lines[3].strip("?").split())
    quote = max(lines[5:], key=lambda line: (len(wanted & set(line.split())), len(line)), default="").strip()
    answer = {
        "critique": "The draft does not say it.",
        "verdict": "wrong",
        "answer": f"{quote} [1]",
        "citations": [1],
        "quotes": [{"n": 1, "quote": quote}],
        "refusal": "",
    }
    text = json.dumps(answer)
    usage = {"prompt_tokens": len(str(body)) // 4, "completion_tokens": len(text) // 4, "total_tokens": 0}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}).encode()


def streamed(body: dict[str, Any]) -> bytes:
    """The same as server-sent events."""
    whole = json.loads(reply(body))
    choice = whole["choices"][0]
    first = {"choices": [{"index": 0, "delta": choice["message"]}]}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    end = {"choices": [], "usage": whole["usage"]}
    return (
        b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in (first, last, end)) + b"data: [DONE]\n\n"
    )


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            await asyncio.sleep(seconds)
            stream = bool(body.get("stream"))
            content = streamed(body) if stream else reply(body)
            kind = "text/event-stream" if stream else "application/json"
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
            )
            await writer.drain()
    writer.close()


async def _main(seconds: float) -> None:
    server = await asyncio.start_server(lambda reader, writer: _serve(reader, writer, seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_main(float(sys.argv[1]) / 1000))
