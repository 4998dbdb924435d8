"""How batches are handed over, looked at, fetched and cancelled: OpenAI's files and batches, Anthropic's own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from forge_desktop.providers.outcomes import REFUSED
from forge_desktop.providers.wire import GarbledError, an_object, canonical, error_words, read_json

Outcome = Literal["answered", "refused", "unknown"]
_ID = re.compile(r"[\w.:-]{1,200}")
_NOT_RUN = ("batch_expired", "batch_cancelled")


@dataclass(frozen=True)
class Ask:
    """One request to a batch endpoint."""

    method: str
    path: str
    content: bytes = b""
    kind: str = "application/json"


@dataclass(frozen=True)
class Seen:
    """How far a batch is. `results` are paths of its results, once it is `over`; `never_ran`: it was refused whole."""

    over: bool
    results: tuple[str, ...] = ()
    never_ran: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Result:
    """What became of a line: `answer` is the vendor's answer as it would have come alone, `why` what went wrong."""

    attempt: str
    outcome: Outcome
    answer: object = None
    why: str = ""


class BatchWire(Protocol):
    """A vendor's batches. Lines are named by their attempts."""

    def upload(self, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> Ask | None:
        """What is to be sent before a batch can be handed over, or None."""

    def submit(self, lines: Sequence[tuple[str, Mapping[str, Any]]], uploaded: object, uid: str) -> Ask:
        """Hand it over."""

    def look(self, remote_id: str) -> Ask:
        """Ask how far it is."""

    def seen(self, found: object, remote_id: str) -> Seen:
        """The answer to that. Raises GarbledError."""

    def results(self, raw: bytes) -> Iterator[Result]:
        """The lines of a file of results; what is no line is passed over."""

    def cancel(self, remote_id: str) -> Ask:
        """Cancel it."""


class OpenAIBatches:
    """A file of lines, and a batch of it."""

    def upload(self, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> Ask | None:
        """The file, as a form."""
        rows = [
            canonical({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body})
            for name, body in lines
        ]
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--{boundary}\r\n'
            'Content-Disposition: form-data; name="file"; filename="batch.jsonl"\r\n'
            "Content-Type: application/jsonl\r\n\r\n"
        )
        content = head.encode() + b"\n".join(rows) + f"\r\n--{boundary}--\r\n".encode()
        return Ask("POST", "/files", content, f"multipart/form-data; boundary={boundary}")

    def submit(self, lines: Sequence[tuple[str, Mapping[str, Any]]], uploaded: object, uid: str) -> Ask:
        """A batch of the file that was uploaded."""
        body = {
            "input_file_id": identity(uploaded),
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": {"forge_batch": uid},
        }
        return Ask("POST", "/batches", canonical(body))

    def look(self, remote_id: str) -> Ask:
        """The batch."""
        return Ask("GET", f"/batches/{remote_id}")

    def seen(self, found: object, remote_id: str) -> Seen:
        """Its files are there once it is over, also when it was cancelled or ran out of time."""
        batch = an_object(found)
        status = batch.get("status")
        if status not in ("completed", "expired", "cancelled", "failed"):
            return Seen(False)
        files = [batch.get("output_file_id"), batch.get("error_file_id")]
        paths = tuple(f"/files/{name}/content" for name in files if isinstance(name, str) and _ID.fullmatch(name))
        errors = batch.get("errors")
        problem = error_words(errors.get("data")) if isinstance(errors, Mapping) and errors.get("data") else ""
        return Seen(True, paths, status == "failed" and not paths, problem)

    def results(self, raw: bytes) -> Iterator[Result]:
        """Lines with a response, or with an error in its place."""
        for line in _lines(raw):
            name, response, error = line.get("custom_id"), line.get("response"), line.get("error")
            status = response.get("status_code") if isinstance(response, Mapping) else None
            if not isinstance(name, str):
                continue
            if status == 200 and isinstance(response, Mapping):
                yield Result(name, "answered", response.get("body"))
            elif status in REFUSED or (isinstance(error, Mapping) and error.get("code") in _NOT_RUN):
                yield Result(name, "refused", why=error_words(error or response))
            else:
                yield Result(name, "unknown", why=error_words(error or response or "no response"))

    def cancel(self, remote_id: str) -> Ask:
        """The lines that were answered until then are kept and billed."""
        return Ask("POST", f"/batches/{remote_id}/cancel")


class AnthropicBatches:
    """Requests with their parameters, in one body."""

    def upload(self, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> Ask | None:
        """Nothing goes before."""
        return None

    def submit(self, lines: Sequence[tuple[str, Mapping[str, Any]]], uploaded: object, uid: str) -> Ask:
        """All lines at once."""
        requests = [{"custom_id": name, "params": body} for name, body in lines]
        return Ask("POST", "/messages/batches", canonical({"requests": requests}))

    def look(self, remote_id: str) -> Ask:
        """The batch."""
        return Ask("GET", f"/messages/batches/{remote_id}")

    def seen(self, found: object, remote_id: str) -> Seen:
        """The address of the results is made here, not taken from the answer: the key goes where it was given for."""
        ended = an_object(found).get("processing_status") == "ended"
        return Seen(ended, (f"/messages/batches/{remote_id}/results",) if ended else ())

    def results(self, raw: bytes) -> Iterator[Result]:
        """Only what succeeded is billed."""
        for line in _lines(raw):
            name, result = line.get("custom_id"), line.get("result")
            if not isinstance(name, str) or not isinstance(result, Mapping):
                continue
            kind = result.get("type")
            if kind == "succeeded":
                yield Result(name, "answered", result.get("message"))
            elif kind in ("errored", "canceled", "expired"):
                yield Result(name, "refused", why=error_words(result.get("error") or str(kind)))
            else:
                yield Result(name, "unknown", why=f"its result is {kind}")

    def cancel(self, remote_id: str) -> Ask:
        """What runs is still finished."""
        return Ask("POST", f"/messages/batches/{remote_id}/cancel")


BATCH_WIRES: dict[str, BatchWire] = {"openai": OpenAIBatches(), "anthropic": AnthropicBatches()}


def identity(found: object) -> str:
    """The id of a file or a batch. Raises GarbledError."""
    name = an_object(found).get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise GarbledError("the endpoint gave no id")
    return name


def _lines(raw: bytes) -> Iterator[Mapping[str, Any]]:
    for line in raw.splitlines():
        try:
            found = read_json(line)
        except GarbledError:
            continue
        if isinstance(found, Mapping):
            yield found
