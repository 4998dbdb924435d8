"""The base's own answers to general questions, learnt along with the lessons so that they are not forgotten."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.chat.lesson_prompt import lesson_prompt
from forge_desktop.engine import Engine, Generation, PromptMessage, Sampling

WIDTH = 8
_LONGEST = 160  # tokens; an answer that was cut is not learnt, since it would teach to stop in the middle
_SAMPLING = Sampling(temperature=0.0, max_tokens=_LONGEST, think_tokens=0, lookup=False)
_ENDED = ("end", "stop")

Tell = Callable[[int, int, str], None]  # done, of how many, what; may raise Cancelled


@dataclass(frozen=True)
class Question:
    """A general question as the chat would ask it; `text` is the question alone."""

    uid: str
    text: str
    messages: tuple[PromptMessage, ...]


@dataclass(frozen=True)
class Replay:
    """Questions with the base's answers. `facts` say how many there are, and what it took to get them."""

    lessons: tuple[tuple[Question, str], ...]
    facts: Mapping[str, object]


def questions() -> tuple[Question, ...]:
    """The questions that ship with the program, in the order in which they are taken."""
    found = []
    for line in _shipped().decode("utf-8").splitlines():
        row = json.loads(line)
        passages = [(n, one["text"]) for n, one in enumerate(row["evidence"], 1)]
        labels = {n: one["name"] for n, one in enumerate(row["evidence"], 1)}
        messages = lesson_prompt(row["question"], passages, labels=labels)
        found.append(Question(f"replay-{hashlib.sha256(line.encode()).hexdigest()[:16]}", row["question"], messages))
    return tuple(found)


class Replaying:
    """Answers of one base, kept in a file of its own: they are computed once."""

    def __init__(self, folder: Path, base_sha256: str, template: str) -> None:
        key = json.dumps([base_sha256, template, hashlib.sha256(_shipped()).hexdigest(), _LONGEST])
        self._path = folder / f"replay-{hashlib.sha256(key.encode()).hexdigest()[:16]}.jsonl"

    def known(self) -> dict[str, tuple[str, str]]:
        """(answer, how it ended) by question, as far as they are computed; a line that a kill cut is left out."""
        found = {}
        with contextlib.suppress(FileNotFoundError):
            for line in self._path.read_bytes().splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    row = json.loads(line)
                    found[str(row["uid"])] = (str(row["answer"]), str(row["stop"]))
        return found

    def lessons(self, wanted: int, engine: Engine, tell: Tell) -> Replay:
        """So many answers, as far as there are questions; those that are missing are computed by `engine`.

        Raises ForgeError where the student cannot answer, and what `tell` raises.
        """
        asked, started, computed, tokens = questions(), time.monotonic(), 0, 0
        while True:
            known = self.known()
            good = [(one, known[one.uid][0]) for one in asked if _usable(known.get(one.uid))]
            left = [one for one in asked if one.uid not in known]
            if len(good) >= wanted or not left:
                break
            batch = left[: max(1, math.ceil((wanted - len(good)) * 1.1))]
            tokens += self._compute(batch, engine, tell)
            computed += len(batch)
        facts = {
            "wanted": wanted,
            "distinct": min(wanted, len(good)),
            "computed": computed,
            "seconds": round(time.monotonic() - started, 3),
            "tokens": tokens,
        }
        return Replay(tuple(good[:wanted]), facts)

    def _compute(self, batch: Sequence[Question], engine: Engine, tell: Tell) -> int:
        """Answer these and keep each as it comes; returns how many tokens were written."""
        done = tokens = 0
        with open(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:

            def keep(number: int, answer: Generation) -> None:
                nonlocal done, tokens
                if answer.stop in ("cancelled", "died"):
                    return
                done, tokens = done + 1, tokens + answer.answer_tokens
                row = {"uid": batch[number].uid, "answer": answer.text.strip(), "stop": answer.stop}
                file.write(json.dumps(row).encode() + b"\n")

            def check() -> None:
                tell(done, len(batch), "The base answers general questions")

            prompts = [one.messages for one in batch]
            found = engine.generate_many(prompts, _SAMPLING, width=WIDTH, on_done=keep, check=check)
            check()
            file.flush()
        if found.problem or done < len(batch):
            raise ForgeError(
                f"The student could not answer the questions for replay. {found.problem}".strip(),
                hint="Try again, or train with replay 0.",
            )
        return tokens


def _usable(known: tuple[str, str] | None) -> bool:
    return known is not None and known[0] != "" and known[1] in _ENDED


def _shipped() -> bytes:
    return (resources_dir() / "suites" / "replay.jsonl").read_bytes()
