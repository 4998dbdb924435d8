"""What no reader of an answer sees, or should: control characters, escape codes, and the frame of a chat template."""

from __future__ import annotations

import re

from forge_desktop.base.errors import ForgeError

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Controls but for newline and tab; what turns the order of letters about; letters that only machines read.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
# A student's tokenizer may take these for the end of a turn and the beginning of another one.
_TOKEN = re.compile(
    r"<[|\uff5c][^<>|\uff5c\n]{1,40}[|\uff5c]>"
    r"|</?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|start_of_image|think|thinking|tool_call|tool_response)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
    r"|<</?SYS>>"
    r"|<<<[a-z]+(?: \d+)? [0-9a-f]{6,}>>>",  # the marks of our own prompts
    re.IGNORECASE,
)


def cleaned(text: str) -> str:
    """The text as a person would read it: every line end is a newline, and what is not seen is gone."""
    return _CONTROL.sub("", _LINE_END.sub("\n", _ESCAPE.sub("", text)))


def control_token(text: str) -> str:
    """The first piece of a text that looks like the frame of a conversation, "" where there is none."""
    found = _TOKEN.search(cleaned(text))
    return found.group() if found else ""


def written(text: str) -> str:
    """An answer as a person wrote it, cleaned. Raises ForgeError where it holds the frame of a conversation."""
    token = control_token(text)
    if token:
        raise ForgeError(
            f"The answer holds {token}, which a student may take for the frame of a conversation.",
            hint="Leave that out, or say it in other words.",
        )
    return cleaned(text).strip()
