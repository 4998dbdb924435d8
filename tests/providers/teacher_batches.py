"""The batch endpoints of the tests' teacher: OpenAI's files and batches, Anthropic's message batches."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.providers.teacher_wires import Reply, anthropic_answer, openai_answer, say, whole

if TYPE_CHECKING:
    from tests.providers.teacher import Teacher


@dataclass
class Batch:
    """A batch it was handed: `polls` more looks find it unfinished; `fail` lines (custom ids) come out as errors."""

    id: str
    wire: str
    requests: list[dict[str, Any]]
    polls: int
    cancelled: bool = False
    results: bytes = b""
    cost: int = 0
    made: bool = False


@dataclass
class Batching:
    """Keeps files and batches. `polls`: how often a batch is unfinished before it is done; `fail`: lines that fail."""

    teacher: Teacher
    polls: int = 1
    fail: set[int] = field(default_factory=set)
    odd_usage: set[int] = field(default_factory=set)
    batches: dict[str, Batch] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def reply(self, method: str, path: str, raw: bytes, body: Any) -> Reply | None:
        """The answer, or None where the path is not of a batch."""
        path = path.split("?")[0].removeprefix("/v1")
        with self._lock:
            if path == "/files" and method == "POST":
                return self._keep(raw)
            if found := re.fullmatch(r"/files/([\w-]+)/content", path):
                content = self.files.get(found[1])
                return (
                    whole({"error": {"message": "no such file"}}, status=404)
                    if content is None
                    else Reply([content], 0)
                )
            if found := re.fullmatch(r"(/messages)?/batches(?:/([\w-]+)(/cancel|/results)?)?", path):
                return self._batch(method, "anthropic" if found[1] else "openai", found[2], found[3] or "", body)
        return None

    def _keep(self, raw: bytes) -> Reply:
        found = re.search(rb'filename="[^"]*"\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--', raw, re.DOTALL)
        if found is None or b'name="purpose"\r\n\r\nbatch' not in raw:
            return whole({"error": {"message": "no file, or no purpose"}}, status=400)
        name = f"file-{len(self.files) + 1}"
        self.files[name] = found[1]
        return whole({"id": name, "object": "file", "purpose": "batch", "bytes": len(found[1])})

    def _batch(self, method: str, wire: str, name: str | None, act: str, body: Any) -> Reply:
        if name is None:
            return self._create(wire, body) if method == "POST" else whole({"data": []})
        batch = self.batches.get(name)
        if batch is None:
            return whole({"error": {"message": "no such batch"}}, status=404)
        if act == "/results":
            return Reply([batch.results], 0)
        if act == "/cancel":
            batch.cancelled, batch.polls = True, 0
        cost = 0
        if batch.polls > 0:
            batch.polls -= 1
        elif not batch.made:
            cost = self._finish(batch)
        return whole(self._state(batch), cost)

    def _create(self, wire: str, body: Any) -> Reply:
        if wire == "openai":
            lines = self.files[body["input_file_id"]].decode().splitlines()
            requests = [{"custom_id": line["custom_id"], "params": line["body"]} for line in map(json.loads, lines)]
        else:
            requests = body["requests"]
        batch = Batch(f"batch_{len(self.batches) + 1}", wire, requests, self.polls)
        self.batches[batch.id] = batch
        return whole(self._state(batch))

    def _finish(self, batch: Batch) -> int:
        """Answer every line; the cost of them all, at half the price."""
        lines = []
        for n, request in enumerate(batch.requests):
            said = say(self.teacher, request["params"])
            failed = n in self.fail or batch.cancelled
            if not failed:
                batch.cost += self.teacher.cost(said.tokens_in, said.tokens_out, share=2)
            odd = n in self.odd_usage
            make = _openai_line if batch.wire == "openai" else _anthropic_line
            lines.append(make(request["custom_id"], said, failed, batch.cancelled, odd))
        batch.results = "".join(json.dumps(line) + "\n" for line in reversed(lines)).encode()  # order is not kept
        batch.made = True
        self.files[f"out-{batch.id}"] = batch.results
        return batch.cost

    def _state(self, batch: Batch) -> dict[str, Any]:
        if batch.wire == "openai":
            state = ("cancelled" if batch.cancelled else "completed") if batch.made else "in_progress"
            output = f"out-{batch.id}" if batch.made else None
            return {"id": batch.id, "object": "batch", "status": state, "output_file_id": output, "error_file_id": None}
        url = f"{self.teacher.url}/messages/batches/{batch.id}/results" if batch.made else None
        state = "ended" if batch.made else "in_progress"
        return {"id": batch.id, "type": "message_batch", "processing_status": state, "results_url": url}


def _openai_line(name: str, said: Any, failed: bool, cancelled: bool, odd: bool) -> dict[str, Any]:
    if failed:
        code = "batch_cancelled" if cancelled else "server_error"
        return {"id": "r", "custom_id": name, "response": None, "error": {"code": code, "message": "failed"}}
    response = {"status_code": 200, "request_id": "q", "body": openai_answer(said, odd, None)}
    return {"id": "r", "custom_id": name, "response": response, "error": None}


def _anthropic_line(name: str, said: Any, failed: bool, cancelled: bool, odd: bool) -> dict[str, Any]:
    if cancelled:
        return {"custom_id": name, "result": {"type": "canceled"}}
    if failed:
        return {"custom_id": name, "result": {"type": "errored", "error": {"type": "error", "error": {}}}}
    return {"custom_id": name, "result": {"type": "succeeded", "message": anthropic_answer(said, odd, None)}}
