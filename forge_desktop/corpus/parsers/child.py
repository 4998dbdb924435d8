"""The parser child: reads one file at a time, parses and splits it; a bad file can only take this process down.

Requests: {"do": "read", path, format, known, limit_bytes, tokens, overlap_tokens, ratios, ocr} and {"do": "page", …}.
Answers to "read", in order: "opened" (size, mtime_ns, sha256), a "picture" after each one that OCR has read, any number
of "text", then one of "done", "same", "refused".
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from dataclasses import replace
from typing import Any

from forge_desktop.base.child import ChildEnd, Frame
from forge_desktop.corpus.parsers import Parsed, Unreadable, ocr
from forge_desktop.corpus.parsers.decoding import mend
from forge_desktop.corpus.parsers.opening import read_file, worded
from forge_desktop.corpus.retrieval.analyser import language
from forge_desktop.corpus.sizing import characters_a_token

_PART = 1_000_000  # characters of text in a frame
_LANGUAGE = 4000  # characters by which a document's language is told
_SHORTEST = 40  # characters of a passage's limit
_NICENESS = 15  # of at most 19
_TITLE = 300  # characters kept of a heading


def main() -> int:
    """Serve until the parent closes the pipe. The last arguments: "full" or "background", and a limit in megabytes."""
    end = ChildEnd()
    megabytes = int(sys.argv[-1])
    if sys.argv[-2] == "background":
        _step_back()
    _limit_memory(megabytes)
    end.send({"is": "ready"})
    while True:
        request = end.requests.get()
        try:
            if request["do"] == "page":
                from forge_desktop.corpus.parsers.pdf_page import rendered

                end.send(rendered(request))
            else:
                ocr.begin(request.get("ocr"), lambda: end.send({"is": "picture"}))
                _serve(end, request)
        except Unreadable as refusal:
            end.send({"is": "refused", "reason": str(refusal), "again": refusal.again})
        except OSError as error:
            end.send({"is": "refused", "reason": worded(error), "again": True})
        except MemoryError:
            end.send(
                {"is": "refused", "reason": f"Reading it needs more than {megabytes:,} MB of memory.", "over": True}
            )
        except Exception as error:  # noqa: BLE001 - the parser border: a library's bug is this file's reason, not ours to die of
            reason = f"It cannot be read: {type(error).__name__}: {error}"[:500]
            end.send({"is": "refused", "reason": reason.encode("utf-8", "replace").decode(), "over": True})


def _serve(end: ChildEnd, request: Frame) -> None:
    data, info = read_file(request["path"], request["limit_bytes"])
    sha256 = hashlib.sha256(data).hexdigest()
    end.send({"is": "opened", "size": len(data), "mtime_ns": info.st_mtime_ns, "sha256": sha256})
    if sha256 == request["known"]:
        end.send({"is": "same"})
        return
    if not data:
        raise Unreadable("The file is empty.")
    module: Any = importlib.import_module(f"forge_desktop.corpus.parsers.{request['format']}")
    parsed: Parsed = module.parse(data)
    del data
    parsed = replace(parsed, text=mend(parsed.text))
    if not parsed.text.strip():
        raise Unreadable("The file holds no text.")
    size = characters_a_token(parsed.text, request["ratios"])
    limit, overlap = max(_SHORTEST, round(request["tokens"] * size)), round(request["overlap_tokens"] * size)
    passages, paths = _passages(parsed, limit, overlap)
    for start in range(0, len(parsed.text), _PART):
        end.send({"is": "text", "text": parsed.text[start : start + _PART]})
    end.send(
        {
            "is": "done",
            "pages": parsed.pages,
            "passages": passages,
            "headings": paths,
            "tokens": round(len(parsed.text) / size),
            "language": language(_middle(parsed.text)),
            "note": parsed.note,
            "title": mend(parsed.title),
        }
    )


def _middle(text: str) -> str:
    """What the language is told by: neither a cover page nor an index of names."""
    start = max(0, (len(text) - _LANGUAGE) // 2)
    return text[start : start + _LANGUAGE]


def _passages(parsed: Parsed, characters: int, overlap: int) -> tuple[list[list[int]], list[tuple[str, ...]]]:
    """Passages as [start, end, page or 0, number of the heading path, first line, last line], and those paths."""
    from forge_desktop.corpus.splitting import split

    headings = [(offset, level, mend(title)[:_TITLE]) for offset, level, title in parsed.headings]
    numbers: dict[tuple[str, ...], int] = {}
    rows = [
        [
            span.start,
            span.end,
            span.page or 0,
            numbers.setdefault(span.heading, len(numbers)),
            span.first_line,
            span.last_line,
        ]
        for span in split(
            parsed.text,
            limit=characters,
            overlap=overlap,
            pages=parsed.pages,
            headings=headings,
            whole=parsed.whole,
            rows=parsed.rows,
        )
    ]
    return rows, list(numbers)


def _step_back() -> None:
    """Let every other program of this machine go first."""
    import psutil

    psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else _NICENESS)


def _limit_memory(megabytes: int) -> None:
    """Allow this much on top of what an idle interpreter has mapped already."""
    try:
        import resource
    except ImportError:  # Windows: the deadline alone guards there
        return
    if sys.platform == "darwin":  # it accepts the limit and then refuses thread stacks
        return
    try:
        with open("/proc/self/statm") as file:
            mapped = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        mapped = 256 << 20
    limit = mapped + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
