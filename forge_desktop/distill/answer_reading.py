"""Reads what a teacher or a judge replied, as tolerantly as is safe: an object somewhere in it, or prose."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from forge_desktop.distill import refusing, untold
from forge_desktop.distill.prompts import RUBRIC
from forge_desktop.distill.records import AnswerRead
from forge_desktop.distill.unseen import cleaned

NOT_THE_OBJECT = "It is not the JSON object that was asked for."
CUT = "It was cut at the longest length allowed."
_ANSWERS = ("answer", "final", "revision", "suggestion")  # the last three: what teachers of older formats call it
_MARK = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(r"\A.*</(?:think|thinking|thought|reasoning)>", re.DOTALL | re.IGNORECASE)
_MOST_STARTS = 40  # braces at which an object is looked for
_KNOWN = {*_ANSWERS, *RUBRIC, "refusal", "error", "critique"}
_SOME = 4  # words; fewer are no answer where nothing shows what they rest on
_MOST = 200  # citations or quotes of one answer that are looked at


@dataclass(frozen=True)
class Reading:
    """What was read. `problem` is a sentence where nothing can be used; `prose`: it had no form.

    `refusal` is why it declines, in its own words.
    """

    read: AnswerRead | None
    problem: str = ""
    prose: bool = False
    refusal: str = ""


@dataclass(frozen=True)
class Verdict:
    """A judge's marks, 0 to 1 each, and its remark; none with `problem`."""

    rubric: Mapping[str, float]
    note: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Remarks:
    """What is said of a draft; nothing with `problem`."""

    critique: str
    verdict: str = ""
    problem: str = ""


def read_answer(text: str, stop: str, *, offered: bool = True) -> Reading:
    """What a teacher's reply says. A refusal is read as one, and a reply that was cut never as a whole one.

    Prose is read as an answer where it cites passages; where none were `offered`, also where it is one by its words.
    """
    text = cleaned(text)
    if stop == "refused":
        return Reading(AnswerRead("", critique=text.strip(), refused=True))
    text = _said(text)
    found = _object(text, whole=stop != "length")
    if found is None:
        if stop == "length":
            return Reading(None, CUT)
        cited = marks(text)
        if "{" not in text and (len(_bare(text)) > 1 if cited else not offered and _says_something(text)):
            return Reading(AnswerRead(text.strip(), citations=cited), prose=True)
        return Reading(None, NOT_THE_OBJECT)
    refusal = _text(found.get("refusal") or found.get("error"))
    answer = next((_text(found[name]) for name in _ANSWERS if _text(found.get(name)).strip()), "")
    if not _MARK.sub("", answer).strip() and not refusal.strip():
        return Reading(None, "It has no answer in it.")
    citations = dict.fromkeys((*_numbers(found.get("citations")), *marks(answer)))
    return Reading(
        AnswerRead(
            answer.strip(),
            tuple(citations),
            _quotes(found.get("quotes")),
            critique=(_text(found.get("critique")) or refusal).strip(),
            verdict=_text(found.get("verdict")).strip().lower(),
            refused=bool(refusal.strip()),
            cut=stop == "length",
        ),
        refusal=_text(found.get("refusal")).strip(),
    )


def as_answer(reading: Reading) -> Reading:
    """Of a question that the documents do not answer: a refusal in words is the answer to it."""
    read = reading.read
    if read is None or not reading.refusal:
        return reading
    said = read.answer if untold.says_so(read.answer) else reading.refusal
    critique = "" if read.critique == reading.refusal else read.critique
    answer = replace(read, answer=said, citations=marks(said), quotes=(), critique=critique, refused=False)
    return replace(reading, read=answer)


def read_draft(text: str) -> AnswerRead:
    """A student's draft: its words, and the numbers it cites."""
    text = cleaned(text)
    return AnswerRead(text.strip(), citations=marks(text))


def read_verdict(text: str, stop: str) -> Verdict:
    """A judge's marks; without every one of them there are none."""
    found = _object(_said(cleaned(text))) if stop not in ("refused", "length") else None
    rubric = {}
    for name in RUBRIC:
        mark = None if found is None else found.get(name)
        if isinstance(mark, bool) or not isinstance(mark, int | float) or not 1 <= mark <= 5:
            return Verdict({}, problem="The judge gave no marks that can be read.")
        rubric[name] = round((mark - 1) / 4, 4)
    return Verdict(rubric, _text((found or {}).get("note")).strip())


def read_remarks(text: str, stop: str) -> Remarks:
    """A critique, in its form or as prose."""
    text = _said(cleaned(text))
    found = _object(text) if stop != "refused" else None
    critique = _text((found or {}).get("critique")).strip()
    if not critique and stop == "end" and "{" not in text and _says_something(text):
        critique = text.strip()
    if not critique or (found or {}).get("error"):
        return Remarks("", problem="There is no critique in it that can be read.")
    return Remarks(critique, _text((found or {}).get("verdict")).strip().lower())


def marks(text: str) -> tuple[int, ...]:
    """The numbers cited in brackets in a text, each once, in their order."""
    numbers = (int(number) for match in _MARK.finditer(text) for number in re.split(r"\s*[,;]\s*", match[1]))
    return tuple(dict.fromkeys(numbers))


def _bare(text: str) -> list[str]:
    return _MARK.sub("", text).split()


def _says_something(text: str) -> bool:
    return len(_bare(text)) >= _SOME and not (refusing.is_refusal(text) or refusing.is_error(text))


def _said(text: str) -> str:
    """A reply without what its writer thought aloud before it; all of it where nothing follows."""
    return _THOUGHT.sub("", text).strip() or text.strip()


def _object(text: str, *, whole: bool = True) -> dict[str, Any] | None:
    """The JSON object a reply is, or holds. One that begins further on must have a field that was asked for."""
    fenced = _FENCE.search(text)
    start = text.find("{")
    for candidate in (text, fenced[1] if fenced else "", text[start:] if start >= 0 else ""):
        found = _read(candidate)
        if found is not None:
            return found
    for _ in range(_MOST_STARTS if whole else 0):  # of a reply that was cut, what is whole is only a part
        start = text.find("{", start + 1)
        if start < 0:
            return None
        found = _read(text[start:])
        if found is not None and not _KNOWN.isdisjoint(found):
            return found
    return None


def _read(candidate: str) -> dict[str, Any] | None:
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(candidate.strip())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: object) -> str:
    """A field as text without what no file can hold; an answer that is itself JSON comes as an object now and then."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    text = value if isinstance(value, str) else ""
    return cleaned(text.encode("utf-8", "replace").decode("utf-8"))


def _numbers(value: object) -> list[int]:
    found = []
    for each in value[:_MOST] if isinstance(value, list) else []:
        if isinstance(each, dict):
            each = each.get("n")
        if isinstance(each, str) and each.strip(" []").isdecimal():
            each = int(each.strip(" []")[:9])
        if isinstance(each, int) and not isinstance(each, bool):
            found.append(each)
    return found


def _quotes(value: object) -> tuple[tuple[int, str], ...]:
    found = []
    for each in value[:_MOST] if isinstance(value, list) else []:
        if isinstance(each, dict):
            number, quote = _numbers([each.get("n")]), _text(each.get("quote"))
            if number and quote.strip():
                found.append((number[0], quote.strip()))
    return tuple(found)
