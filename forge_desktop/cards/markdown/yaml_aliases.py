"""Aliases for what an edit changes: each is written out with the value that it stood for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from forge_desktop.cards.markdown.yaml_edits import Edit
from forge_desktop.cards.markdown.yaml_nodes import Node, every
from forge_desktop.cards.markdown.yaml_written import written


def written_out(text: str, root: Node, edits: Sequence[Edit]) -> list[Edit]:
    """Edits for the aliases whose value these edits touch, where they do not stand within one themselves."""
    found = []
    touched: dict[int, bool] = {}
    made = sorted(edits)
    starts = [edit.start for edit in made]
    for node in every(root):
        target = node.target
        before = bisect_right(starts, node.start)
        if target is None or (before and node.start < made[before - 1].end):
            continue
        if id(target) not in touched:
            touched[id(target)] = any(_touches(text, edit, target) for edit in edits)
        if touched[id(target)]:
            found.append(Edit(node.start, node.end, written(text, target)))
    return found


def _touches(text: str, edit: Edit, target: Node) -> bool:
    if edit.start < target.end and edit.end > target.start:
        return True
    if target.kind == "scalar" or edit.start != edit.end:
        return False
    line_end = text.find("\n", target.end) + 1 or len(text)  # an item more stands behind the last one's line
    return target.start < edit.start <= line_end
