"""What the forms of other programs have in common: the prompt with its passages, and the field for all the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from forge_desktop.distill.pair_lines import BadLine, content_sha256, from_object, to_object
from forge_desktop.distill.records import Pair, Quality

EXTENSION = "forge"  # the field that holds what a form has no place for
_SYSTEM, _USER, _ASSISTANT = ("system", "developer"), ("user", "human"), ("assistant", "gpt", "model", "bot", "chatgpt")


def prompt_text(pair: Pair, *, with_evidence: bool) -> str:
    """The prompt as another program's student reads it: after the passages that were offered, where wished."""
    if not with_evidence or not pair.evidence:
        return pair.prompt
    passages = []
    for one in pair.evidence:
        page = f", page {one.page}" if one.page is not None else ""
        name = one.name.replace("\\", "/").rsplit("/", 1)[-1]
        passages.append(f"[{one.n}] {name}{page}\n{one.text}")
    return "\n\n".join([*passages, pair.prompt])


def extension(pair: Pair, given: str) -> dict[str, Any]:
    """All of a pair but its final answer, and but its prompt where the form has it as it is; `given` is the text that
    stands for the prompt in the form."""
    held = to_object(pair)
    del held["final"]
    if given == pair.prompt:
        del held["prompt"]
    else:
        held["given_sha256"] = _hash(given)
    return held


def restored(row: Mapping[str, Any], given: str, final: str, *, draft: str | None = None) -> Pair | None:
    """The pair that was written, None where another program wrote the row. Texts that were changed since stay changed.

    Raises BadLine where the field that holds the rest is broken.
    """
    held = row.get(EXTENSION)
    if held is None:
        return None
    if not isinstance(held, dict):
        raise BadLine(f"its {EXTENSION} is no object")
    unchanged = held.get("given_sha256") == _hash(given)
    known = {name: value for name, value in held.items() if name != "given_sha256"}
    known |= {"final": final, "prompt": held.get("prompt", given) if unchanged else given}
    if draft is not None:
        known["draft"] = draft
    return from_object(known)


def foreign(
    row: Mapping[str, Any], form: str, *, prompt: str, final: str, used: Sequence[str], draft: str = "", rules: str = ""
) -> Pair:
    """A pair that another program wrote; what is not `used` of the row is kept in `imported`."""
    if not prompt.strip():
        raise BadLine("its question is empty")
    if not final.strip():
        raise BadLine("its answer is empty")
    made = Pair(
        uid="",
        kind="REPAIR_PAIR" if draft.strip() and draft.strip() != final.strip() else "TRAIN_PAIR",
        task="",
        prompt=prompt,
        final=final,
        draft=draft,
        critiques=(),
        evidence=(),
        citations=(),
        quality=Quality(0.0, (), {}, "imported"),
        accepted=True,
        language="",
        rules=rules,
        cost=0,
        teacher={},
        student={},
        created=0.0,
        sha256="",
        imported={"shape": form, "fields": {name: value for name, value in row.items() if name not in used}},
    )
    return replace(made, sha256=content_sha256(made))


def conversation(turns: object, who: str, what: str) -> tuple[str, str, str]:
    """System text, prompt and answer of a list of turns. Raises BadLine.

    The last answer is the one to learn; earlier turns stand before the last question, each with who spoke.
    """
    if not isinstance(turns, list) or not turns:
        raise BadLine("it has no turns")
    system: list[str] = []
    said: list[tuple[str, str]] = []
    for turn in turns:
        if not isinstance(turn, dict) or not isinstance(turn.get(who), str):
            raise BadLine("a turn does not say who speaks")
        words = _words(turn.get(what))
        if turn[who] in _SYSTEM:
            system.append(words)
        elif turn[who] in (*_USER, *_ASSISTANT):
            said.append(("user" if turn[who] in _USER else "assistant", words))
        else:
            raise BadLine(f"a turn is by {turn[who]!r}, which is neither user nor assistant")
    if len(said) < 2 or said[-1][0] != "assistant" or said[-2][0] != "user":
        raise BadLine("it does not end with a question and its answer")
    earlier = [f"{speaker.capitalize()}: {words}" for speaker, words in said[:-2]]
    return "\n".join(system), "\n\n".join([*earlier, said[-2][1]]), said[-1][1]


def _words(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        return "".join(str(part.get("text", "")) for part in content)
    raise BadLine("a turn holds something else than text")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
