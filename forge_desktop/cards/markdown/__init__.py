"""A card as the Markdown of Hugging Face: read without losing anything, written back only where something changed."""

from __future__ import annotations

from forge_desktop.cards.markdown.eval_files import eval_results, read_eval_results
from forge_desktop.cards.markdown.file_rows import completed
from forge_desktop.cards.markdown.reading import read
from forge_desktop.cards.markdown.records import BadCardText, ReadText
from forge_desktop.cards.markdown.writing import write

__all__ = ["BadCardText", "ReadText", "completed", "eval_results", "read", "read_eval_results", "write"]
