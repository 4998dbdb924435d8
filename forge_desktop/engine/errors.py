"""What can go wrong with a student: one table from a case to its sentence, what to do next, and where that is done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from forge_desktop.base.errors import ForgeError

# Where the fix is: load it again, choose or import a student, change a setting, write another question.
Action = Literal["", "load", "students", "settings"]

_OTHER = "Choose another student."
_NEW_FILE = "Get the GGUF file again and import it."
_TEMPLATE = "Choose another student, or a GGUF of this one with a repaired template."
_AGAIN = "Load it again, or choose another one."
_SET_UP = "Run the set-up again: python3 packaging/dev.py run"


_NO_MEMORY = re.compile(r"(unable|failed) to allocate|out of memory|OutOf(Device|Host)Memory|allocation of size", re.I)


@dataclass(frozen=True)
class Row:
    """One case: the sentence with places for its facts, the hint, and the action a banner may offer."""

    sentence: str
    hint: str
    action: Action = ""


# A case is a code, or a code, a dot and what is particular; only the code leaves the engine (ForgeError.code). A stop
# that was asked for, CANCELLED, is base.errors.Cancelled and has no sentence.
TABLE: dict[str, Row] = {
    "MODEL_MISSING": Row(
        "The student {path} could not be loaded: {reason}.", "Put the file back, or import it again.", "students"
    ),
    "MODEL_CORRUPT": Row(
        "The student {path} could not be loaded: {reason}.",
        "The file may be damaged or of a kind this version does not know. Import it again or choose another.",
        "students",
    ),
    "MODEL_CORRUPT.numbers": Row(
        "The student computes no usable numbers; its file is probably damaged.", _NEW_FILE, "students"
    ),
    "MODEL_UNSUPPORTED": Row(
        "The student {path} could not be loaded: {reason}.",
        "This version does not know this kind of model. Choose another student, or look for a newer version.",
        "students",
    ),
    "NOT_A_CHAT_MODEL.encoder": Row("This model translates text and cannot chat.", _OTHER, "students"),
    "NOT_A_CHAT_MODEL.embedder": Row("This is an embedding model; it cannot answer.", _OTHER, "students"),
    "TEMPLATE_BAD": Row("The student's chat template cannot be used: {reason}.", _TEMPLATE, "students"),
    "TEMPLATE_BAD.question": Row("The student's chat template leaves out the question.", _TEMPLATE, "students"),
    "TEMPLATE_TIMEOUT": Row(
        "The chat template of {name} did not come to an end within {seconds:.0f} seconds.", _TEMPLATE, "students"
    ),
    "TEMPLATE_TIMEOUT.own": Row(
        "The chat template did not come to an end within {seconds:.0f} seconds.",
        "Correct it, or go back to the one in the student's file.",
        "students",
    ),
    "ADAPTER_BAD": Row(
        "The adapter {path} could not be loaded: {reason}.", "Train it again for this student, or choose another one."
    ),
    "ADAPTER_BAD.crash": Row(
        "The adapter {path} is not used: the student's process {what} when it was put on.",
        "Train it again for this student, or choose another one.",
    ),
    "ADAPTER_BAD.use": Row("The adapter could not be used (llama.cpp code {number}).", "Answer without an adapter."),
    "MEM_PLAN": Row(
        "A context of {tokens:,} tokens needs about {needed:.1f} GB of memory{where}, but {free:.1f} GB are free.",
        "Shorten the context in its memory plan in Students, or close other programs.",
        "students",
    ),
    "MEM_PLAN.weights": Row(
        "The student needs {needed:.1f} GB of memory{where}, but {free:.1f} GB are free.",
        "Close other programs, or choose a smaller student.",
        "students",
    ),
    "MEM_DEVICE.weights": Row(
        "There is not enough memory for the student {path}: {reason}.",
        "Close other programs, put fewer layers on the GPU in its memory plan in Students, or choose a smaller one.",
        "students",
    ),
    "MEM_DEVICE": Row(
        "There is not enough memory for a context of {tokens:,} tokens: {reason}.",
        "Shorten the context in its memory plan in Students, or choose a smaller student.",
        "students",
    ),
    "MEM_DEVICE.killed": Row(
        "The student {path} was not loaded: its process {what}.",
        "Close other programs, lower the context length in Settings, or choose a smaller student.",
        "settings",
    ),
    "CTX_FULL": Row(
        "The prompt has {prompt:,} tokens; the student's context holds {context:,}, answer included.",
        "Ask more briefly, offer fewer passages, or raise the context length in Settings.",
        "settings",
    ),
    "CTX_FULL.answer": Row(
        "The student's context is full.", "Start a new conversation or ask more briefly.", "settings"
    ),
    "GRAMMAR_BAD": Row("The grammar for the answer cannot be used: {reason}.", "Correct the grammar or leave it out."),
    "GRAMMAR_BAD.schema": Row("The JSON schema cannot be used: {reason}.", "Correct the schema or leave it out."),
    "GRAMMAR_BAD.both": Row("An answer can follow a grammar or a JSON schema, not both.", "Leave one of them out."),
    "GRAMMAR_BAD.stuck": Row(
        "The grammar cannot be followed any further: none of the student's tokens fits.",
        "Correct the grammar or leave it out.",
    ),
    "ENGINE_CRASH": Row("The student's process {what}.", "Try again in a moment."),
    "ENGINE_CRASH.decode": Row("The student could not go on (llama.cpp code {number}).", "Try again."),
    "ENGINE_CRASH.loading": Row(
        "The student {path} cannot be loaded: its process {what} each time.",
        "The file may be damaged or too large for this computer. Choose another student.",
        "students",
    ),
    "ENGINE_CRASH.answering": Row(
        "The student's process {what} while answering; the text so far was kept.", "Ask again.", "load"
    ),
    "ENGINE_CRASH.often": Row(
        "The student {path} was stopped: its process ended four times within five minutes; at last it {what}.",
        _AGAIN,
        "load",
    ),
    "ENGINE_CRASH.unfinished": Row(
        "The student {path} was not loaded: its last two loads did not come to an end.", _AGAIN, "load"
    ),
    "ENGINE_CRASH.start": Row("The engine could not be started: {what}.", _SET_UP),
    "ENGINE_CRASH.spawn": Row(
        "The engine's process could not be started: {what}.", "Free some disk space or memory and try again."
    ),
    "BACKEND_PACK_BAD": Row(
        "The GPU pack {path} is not used: {reason}.",
        "Install the pack that belongs to this version; until then the CPU computes.",
    ),
    "CPU_FEATURE": Row(
        "The student {path} cannot be loaded: its process {what} each time.",
        "This processor may lack what the engine was built for. Run the set-up on this computer, or choose another "
        "student.",
    ),
    "CPU_FEATURE.code": Row(
        "The student cannot compute on this machine (llama.cpp code {number}).", _OTHER, "students"
    ),
    "PROTOCOL.garbled": Row("The student's process {what}.", "Try again in a moment."),
    "PROTOCOL": Row("The engine failed: {reason}.", "Try again.", "load"),
}  # fmt: skip


def trouble(case: str, kind: type[ForgeError] = ForgeError, /, **facts: object) -> ForgeError:
    """The error of this case (of this kind of exception), worded with its facts and carrying its code.

    A sentence calls a file by its name; the hint says where it is.
    """
    row = TABLE[case]
    hint, path = row.hint, str(facts.get("path", ""))
    if path:
        facts["path"] = name = PurePath(path).name
        hint = f"{hint} The file is {path}."
        if "reason" in facts:
            facts["reason"] = str(facts["reason"]).replace(path, name)
    if "reason" in facts:
        facts["reason"] = " ".join(str(facts["reason"]).split())
    return kind(row.sentence.format(**facts), hint=hint, code=case.partition(".")[0], action=row.action)


def of_embedder(error: ForgeError) -> ForgeError:
    """The same said of an embedding model."""
    hint = "Choose another embedding model in Settings." if error.action == "students" else error.hint
    message = error.message.replace("The student", "The embedding model").replace("the student", "the embedding model")
    return ForgeError(message, hint=hint, code=error.code)


def loading_case(reason: str) -> str:
    """Which case llama.cpp's own words for a failed load are."""
    if "failed to open" in reason:
        return "MODEL_MISSING"
    if _NO_MEMORY.search(reason):
        return "MEM_DEVICE.weights"
    return "MODEL_UNSUPPORTED" if "unknown model architecture" in reason else "MODEL_CORRUPT"
