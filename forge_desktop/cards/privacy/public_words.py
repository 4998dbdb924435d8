"""Words with capitals that many cards have and that say nothing of anybody, and words that name nothing at all."""

from __future__ import annotations

from forge_desktop.corpus.retrieval.languages import STOP_WORDS

_WITH_CAPITALS = (
    "forge desktop hugging face huggingface apache license licence creative commons english german french spanish"
    " italian python linux windows macos ubuntu lora gguf llama qwen mistral gemma granite smollm cpu gpu ram vram"
    " bm25 json yaml markdown openai anthropic google january february march april may june july august september"
    " october november december monday tuesday wednesday thursday friday saturday sunday model card student teacher"
    " adapter gate suite known limitations intended use training data results evaluation chat readme"
)
PUBLIC = frozenset(_WITH_CAPITALS.split())
STOPS = frozenset(word for words in STOP_WORDS.values() for word in words)
