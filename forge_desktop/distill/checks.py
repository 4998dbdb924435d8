"""The rules that are held against an answer, a teacher's or a student's, before anybody learns from it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import texts
from forge_desktop.distill import json_schema, minhash, refusing, spans, unseen, untold
from forge_desktop.distill.grounding import Found, Grounds
from forge_desktop.distill.json_rows import read_json
from forge_desktop.distill.records import AnswerRead, Check, Evidence, Task

_MARKER = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_QUOTED = re.compile('\u201c[^\u201d]+\u201d|\u201e[^\u201c]+\u201c|\u00ab[^\u00bb]+\u00bb|"[^"]+"')
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
_CLOSE = ({"da", "no"}, {"zh", "ja"}, {"hi", "ne"})
_SCRIPTS = (
    {"en", "de", "fr", "es", "it", "pt", "ca", "nl", "sv", "da", "no", "fi", "hu", "ro", "tr", "pl", "cs", "id"},
    {"ru", "uk", "bg"},
    {"ar", "fa"},
)
_SURE_WORDS = 10
LONGEST = 16_000  # characters of an answer
_TIMES_EVIDENCE = 4  # an answer that long against what it rests on says more than that does
_LONG = 3_000  # characters; a shorter answer is never too long
_RUN, _LOOPING, _WORDS_FOR_LOOP = 6, 0.35, 60
_COPY = 0.85


def checks(
    answer: AnswerRead,
    evidence: Sequence[Evidence],
    task: Task,
    *,
    draft: str = "",
    grounds: Grounds | None = None,
) -> tuple[Check, ...]:
    """Every rule that applies, in a fixed order, passed or not. Deterministic.

    `draft` is what the student said, where it did; `grounds` is `evidence`, where it was read already. Rules that must
    hold are about the answer being one, and being checkable; the others lower the quality.
    """
    said = answer.answer.strip()
    is_open = untold.is_asked(task, evidence)
    told = not (is_open and untold.says_so(said))
    shown = (grounds or Grounds(evidence, task.question)).of(said, answer.quotes, schema=bool(task.schema.strip()))
    found = [_answered(said), _refusal(answer, said, shown, told=told), _whole(answer, said), _looping(said)]
    found += [_copy(said, task.question, told=told), _control(said, task.question)]
    if task.schema.strip():
        found.append(_form(said, task.schema))
    else:
        found.append(_language(said, task))
    if is_open:
        found.append(_untold(answer, said, told=told))
    if evidence:
        cited = bool(answer.citations or answer.quotes or _marked(said))
        if cited or not is_open:
            found += [_citations(answer, said, evidence), _quotes(answer, evidence)]
        found.append(_numbers(said, evidence, task, must=not told))
        if not is_open:
            found.append(_grounded(answer, shown, evidence))
    elif task.kind == untold.KIND:
        found.append(_check("untold", False, "Whether the documents tell it cannot be said without any passage."))
    elif answer.citations or _marked(said):
        found.append(Check("citations", False, 0.0, must=True, note="It cites passages, and none were offered."))
    if draft.strip():
        found.append(_draft(said, draft))
    return tuple(found)


def require_length(final: str) -> None:
    """Raise ForgeError for an answer of a person that is longer than any lesson may be."""
    if len(final) > LONGEST:
        raise ForgeError(
            f"The answer has {len(final):,} characters; at most {LONGEST:,} can be kept.",
            hint="Shorten it: a student learns little from an answer that long.",
        )


def same_answer(one: str, other: str) -> bool:
    """Whether two answers say the same but for case, spaces, typography and the numbers of passages."""
    left, right = (re.sub(r"\W+", " ", minhash.normalised(_MARKER.sub("", text))).strip() for text in (one, other))
    return left == right if left or right else minhash.normalised(one) == minhash.normalised(other)


def quote_places(answer: AnswerRead, evidence: Sequence[Evidence]) -> dict[tuple[int, str], tuple[int, int]]:
    """Where each quote stands in the stored text of its passage's document; what does not stand there is left out."""
    by_number = {one.n: one for one in evidence}
    places = {}
    for n, words in answer.quotes:
        one = by_number.get(n)
        at = spans.find(words, one.text) if one else None
        if one and at:
            places[(n, words)] = (one.start + at[0], one.start + at[1])
    return places


# ---- the rules ----


def _answered(said: str) -> Check:
    there = any(letter.isalnum() for letter in said)
    return _check("answered", there, "There is no answer.")


def _refusal(answer: AnswerRead, said: str, shown: Found, *, told: bool) -> Check:
    if refusing.is_error(said) or (refusing.is_service_message(said) and not shown.all_shown):
        return _check("refusal", False, "It is the error of a service, and no answer.")
    if told and shown.nothing == 1:
        return _check("refusal", False, "It only says that there is no answer.")
    declines = answer.refused or (told and refusing.is_refusal(said))
    return _check("refusal", not declines, "It declines to answer.")


def _untold(answer: AnswerRead, said: str, *, told: bool) -> Check:
    """What the documents do not tell is to be said so; who cites passages for an answer is left to a person."""
    must = not (answer.citations or _marked(said))
    note = "It does not say that the documents do not tell it." if told else ""
    return Check("untold", not told, float(not told), must=must, note=note)


def _whole(answer: AnswerRead, said: str) -> Check:
    if answer.cut:
        return _check("length", False, "It was cut off at its limit of tokens.")
    return _check("length", len(said) <= LONGEST, f"It is longer than {LONGEST:,} characters.")


def _looping(said: str) -> Check:
    words = texts.words(said)
    if len(words) < _WORDS_FOR_LOOP:
        return _check("repetition", True, "")
    runs = Counter(tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))
    repeated = sum(count - 1 for count in runs.values()) / runs.total()
    passed = repeated <= _LOOPING
    return Check("repetition", passed, round(1 - repeated, 4), must=True, note="" if passed else "It repeats itself.")


def _copy(said: str, question: str, *, told: bool) -> Check:
    if minhash.normalised(said) == minhash.normalised(question):
        return _check("copy", False, "It is the question again.")
    alike = minhash.shared(said, question) if told and len(said) <= 2 * len(question) else 0.0
    return _check("copy", alike < _COPY or not question.strip(), "It is the question again.")


def _control(said: str, question: str) -> Check:
    token = unseen.control_token(said)
    if token:
        return _check("control", False, f"It holds {token}, which a student may take for the frame of a conversation.")
    token = unseen.control_token(question)
    return _check("control", not token, f"The question holds {token}, which is the frame of a conversation.")


def _form(said: str, schema: str) -> Check:
    try:
        wanted = json_schema.read_schema(schema)
        value = read_json(said)
    except (ValueError, json.JSONDecodeError) as error:
        why = str(error) if str(error).startswith("The schema") else f"It is no JSON: {error}."
        return _check("form", False, why)
    problem = json_schema.problem(value, wanted)
    return _check("form", not problem, problem)


def _language(said: str, task: Task) -> Check:
    """In the language that was asked for or asked in. Quotations and code may be in another one."""
    wanted = (task.language or texts.language(task.question)).split("-")[0].casefold()
    plain = _QUOTED.sub(" ", _CODE.sub(" ", _MARKER.sub(" ", said)))
    spoken = texts.language(plain)
    passed = not wanted or not spoken or spoken == wanted or _are_close(wanted, spoken, len(texts.words(plain)))
    must = not task.rules.strip()  # a task's own rules may ask for another language
    note = "" if passed else f"It is in the language {spoken}, and {wanted} was asked for."
    return Check("language", passed, float(passed), must=must, note=note)


def _are_close(one: str, other: str, words: int) -> bool:
    """Whether two languages cannot be told apart by so many words: a few may be a name or a title."""
    return {one, other} in _CLOSE or (words < _SURE_WORDS and any({one, other} <= script for script in _SCRIPTS))


def _citations(answer: AnswerRead, said: str, evidence: Sequence[Evidence]) -> Check:
    offered = {one.n for one in evidence}
    cited = {*answer.citations, *_marked(said)}
    wrong = sorted(cited - offered)
    if wrong:
        numbers = ", ".join(f"[{n}]" for n in wrong)
        share = len(cited & offered) / len(cited)
        return Check("citations", False, round(share, 4), must=True, note=f"No passage has the number {numbers}.")
    return _check("citations", bool(cited), "It cites no passage.")


def _quotes(answer: AnswerRead, evidence: Sequence[Evidence]) -> Check:
    """Each quoted span must occur in its passage; a cited passage without a quote lowers the score."""
    places = quote_places(answer, evidence)
    missing = [(n, words) for n, words in answer.quotes if (n, words) not in places]
    cited = {*answer.citations} or {n for n, _ in answer.quotes}
    quoted = {n for n, _ in places}
    score = len(cited & quoted) / len(cited) if cited else 0.0
    if missing:
        n, words = missing[0]
        elsewhere = [one.n for one in evidence if spans.find(words, one.text)]
        where = f"stands in [{elsewhere[0]}], not in [{n}]" if elsewhere else f"does not stand in [{n}]"
        return Check("quotes", False, round(score, 4), must=True, note=f"\u201c{_short(words)}\u201d {where}.")
    note = "" if score == 1 or not cited else f"Of {len(cited)} cited passages {len(cited & quoted)} are quoted."
    return Check("quotes", True, round(score, 4), must=True, note=note)


def _numbers(said: str, evidence: Sequence[Evidence], task: Task, *, must: bool) -> Check:
    """Its numbers should stand in the evidence or the question. Sums may not, so that it is a must only where nothing
    is told."""
    plain = _LIST_NUMBER.sub(" ", _MARKER.sub(" ", said))
    total = len(set(spans.numbers(plain)))
    missing = spans.missing_numbers(plain, [task.question, task.rules, *(one.text for one in evidence)])
    score = 1 - len(missing) / total if total else 1.0
    note = f"Not in the passages: {', '.join(missing[:5])}." if missing else ""
    long = len(said) > max(_LONG, _TIMES_EVIDENCE * sum(len(one.text) for one in evidence))
    if long:
        score, note = score / 2, f"{note} It is far longer than what it rests on.".strip()
    return Check("numbers", not missing and not long, round(score, 4), must=must, note=note)


def _grounded(answer: AnswerRead, shown: Found, evidence: Sequence[Evidence]) -> Check:
    """Whether the passages show all that is stated. Other words may say the same, so that it is no must."""
    if shown.foreign and not shown.all_shown:
        cited, quoted = {*answer.citations}, {n for n, _ in quote_places(answer, evidence)}
        passed = bool(quoted) and cited <= quoted
        note = "" if passed else "It is in another language than the passages, and does not quote all that it cites."
        return Check("grounded", passed, float(passed), must=False, note=note)
    score = round(shown.shown / shown.needing, 4) if shown.needing else 0.0
    note = "" if shown.all_shown else "It states nothing that could be checked."
    if shown.missing:
        note = f"The passages do not show it: \u201c{_short(shown.missing)}\u201d"
    elif shown.nothing > 0:
        return Check("grounded", False, score, must=False, note="Part of it says that there is no answer.")
    return Check("grounded", shown.all_shown, score, must=False, note=note)


def _draft(said: str, draft: str) -> Check:
    same = same_answer(said, draft)
    return Check("draft", True, 1.0, must=False, note="It is the student's own answer." if same else "")


def _marked(said: str) -> set[int]:
    return {int(n) for marker in _MARKER.findall(_CODE.sub(" ", said)) for n in re.findall(r"\d+", marker)}


def _check(name: str, passed: bool, note: str) -> Check:
    return Check(name, passed, float(passed), must=True, note="" if passed else note)


def _short(words: str) -> str:
    return words if len(words) <= 60 else words[:57] + "..."
