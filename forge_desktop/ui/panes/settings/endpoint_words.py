"""What the sheet for an endpoint offers to choose from, and the names of its limits."""

from __future__ import annotations

ROLES = {
    "answer": ("Answers", "A teacher that answers the questions of a distillation"),
    "critique": ("Critiques", "A teacher that says what is wrong with a draft"),
    "judge": ("Judges", "A teacher that grades answers"),
    "student": ("Student", "Can answer in the chat, in place of a student on this computer"),
    "embedder": ("Embedder", "Turns passages into vectors; a role of its own"),
}
WIRES = {"openai": "OpenAI chat completions", "anthropic": "Anthropic messages", "gemini": "Gemini"}
TERMS = {"unknown": "Not known", "yes": "Yes, they may", "no": "No, they may not"}
LIMITS = {
    "context": ("Context length", "tokens"),
    "max_output": ("Longest answer", "tokens"),
    "concurrency": ("Calls at once", "no limit of its own"),
    "rpm": ("Requests a minute", "learnt"),
    "input_tpm": ("Input tokens a minute", "learnt"),
    "output_tpm": ("Output tokens a minute", "learnt"),
}
