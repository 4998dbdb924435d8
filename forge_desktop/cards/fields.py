"""The fields of a card, in the order of its sections: what they are called, of which form, who has to have them.

Merged from Hugging Face's model cards, CycloneDX 1.7 (ML-BOM), SPDX 3.0.1 (AI profile) and our own needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from forge_desktop.cards.guidance import GUIDANCE
from forge_desktop.cards.records import Kind

FieldType = Literal[
    "line",  # str, one line
    "text",  # str, Markdown of any length
    "list",  # list of str
    "choice",  # str, one of `choices`
    "licence",  # str, an SPDX expression, or "other"
    "languages",  # list of BCP 47 tags
    "url",  # str
    "contact",  # str: an e-mail address or a URL
    "date",  # str, ISO 8601 (a day, or a moment in UTC)
    "hash",  # str, sha256
    "count",  # int: tokens, parameters, layers
    "number",  # float
    "bytes",  # int
    "money",  # int, micro-dollars
    "spread",  # {"p50": float, "p95": float}; n is in the value's detail
    "facts",  # {str: str | number | bool}
    "rows",  # list of objects, with the columns of ROWS[key]
]

SECTIONS: tuple[tuple[str, str], ...] = (
    ("identity", "Identity"),
    ("use", "Use and limits"),
    ("training", "Training"),
    ("evaluation", "Evaluation"),
    ("performance", "Performance"),
    ("cost", "Cost and terms"),
    ("provenance", "Provenance"),
)


@dataclass(frozen=True)
class Field:
    """One field. `required` and `kinds` are letters: S(tudent), A(dapter), T(eacher), E(mbedder).

    `filled` fields are filled by the application, `private` ones never leave with an export. `guidance` says what
    belongs in it, `example` shows it; both where a person writes it. `units` are those it may have, the first is what
    it is stored in.
    """

    key: str
    section: str
    title: str
    type: FieldType
    required: str = ""
    kinds: str = "SATE"
    filled: bool = False
    units: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    guidance: str = ""
    example: str = ""

    def belongs_to(self, kind: Kind) -> bool:
        """Whether cards of this kind have it."""
        return LETTERS[kind] in self.kinds

    def required_for(self, kind: Kind) -> bool:
        """Whether a card of this kind lacks something without it."""
        return LETTERS[kind] in self.required


LETTERS: dict[Kind, str] = {"student": "S", "adapter": "A", "teacher": "T", "embedder": "E"}
YES_NO = ("yes", "no", "unknown")
TASKS = (
    "text-generation", "question-answering", "summarization", "translation", "text-classification",
    "feature-extraction", "sentence-similarity", "text-ranking", "token-classification", "fill-mask",
    "image-text-to-text", "any-to-any", "table-question-answering", "visual-question-answering",
    "document-question-answering", "zero-shot-classification", "text-to-image", "text-to-speech", "text-to-audio",
    "text-to-video", "text-to-3d", "automatic-speech-recognition", "audio-to-audio", "audio-classification",
    "audio-text-to-text", "voice-activity-detection", "depth-estimation", "image-classification", "object-detection",
    "image-segmentation", "image-to-text", "image-to-image", "image-to-video", "image-to-3d",
    "image-text-to-image", "image-text-to-video", "image-feature-extraction", "unconditional-image-generation",
    "mask-generation", "keypoint-detection", "video-classification", "video-text-to-text", "video-to-video",
    "zero-shot-image-classification", "zero-shot-object-detection", "visual-document-retrieval",
    "reinforcement-learning", "robotics", "tabular-classification", "tabular-regression", "tabular-to-text",
    "table-to-text", "time-series-forecasting", "graph-ml", "multiple-choice", "text-retrieval", "other",
)  # fmt: skip
"""The hub's, those of language models first."""
_SPEED, _TIME = ("tokens/s",), ("ms", "s")

_FIELDS: tuple[Field, ...] = (
    # identity
    Field("name", "identity", "Name", "line", "SATE", filled=True),
    Field("version", "identity", "Version", "line", "SATE", filled=True),
    Field("summary", "identity", "Summary", "line"),
    Field("provider", "identity", "Provider", "line", "SATE", filled=True),
    Field("base_model", "identity", "Base model", "line", "A", filled=True),
    Field("base_relation", "identity", "Relation to the base", "choice", "A", "SAE", True,
          choices=("adapter", "quantized", "finetune", "merge")),
    Field("licence", "identity", "Licence", "licence", "SATE", filled=True),
    Field("licence_name", "identity", "Licence name", "line"),
    Field("licence_link", "identity", "Licence link", "url"),
    Field("languages", "identity", "Languages", "languages"),
    Field("task", "identity", "Task", "choice", "SATE", filled=True, choices=TASKS),
    Field("inputs", "identity", "Modalities in", "list", "SATE", filled=True),
    Field("outputs", "identity", "Modalities out", "list", "SATE", filled=True),
    Field("domain", "identity", "Domain", "list"),
    Field("tags", "identity", "Tags", "list", filled=True),
    Field("contact", "identity", "Contact", "contact"),
    # use and limits
    Field("intended_use", "use", "Intended use", "text", "SATE"),
    Field("users", "use", "Intended users", "text"),
    Field("out_of_scope", "use", "Out of scope", "text"),
    Field("limitations", "use", "Known limitations", "text", "SATE"),
    Field("tradeoffs", "use", "Trade-offs", "text"),
    Field("safety", "use", "Safety notes, risks and mitigations", "text", "SATE"),
    Field("fairness", "use", "Fairness", "text"),
    Field("sensitive_data", "use", "Sensitive personal data in the training data", "choice", "A", choices=YES_NO),
    Field("how_to_start", "use", "How to start", "text"),
    # training
    Field("learning", "training", "Learning approach", "line", kinds="SAE", filled=True),
    Field("training_data", "training", "Training data", "rows", "A", "A", True),
    Field("teachers", "training", "Teachers", "rows", kinds="A", filled=True),
    Field("preprocessing", "training", "Preprocessing and filters", "facts", "A", "A", True),
    Field("decontamination", "training", "Decontamination", "facts", "A", "A", True),
    Field("hyperparameters", "training", "Hyperparameters", "facts", "A", "A", True),
    Field("training_result", "training", "Training result", "facts", kinds="A", filled=True),
    Field("training_hardware", "training", "Training hardware", "line", "A", "A", True),
    Field("training_time", "training", "Training time", "number", "A", "A", True, ("s", "min", "h")),
    Field("training_cost", "training", "Money for teachers", "money", "A", "A", True, ("USD",)),
    Field("training_energy", "training", "Training energy", "number", kinds="A", filled=True, units=("kWh", "Wh", "J")),
    Field("training_carbon", "training", "CO2 equivalent", "number", kinds="A", units=("kg", "g", "t")),
    # evaluation
    Field("evaluation", "evaluation", "Evaluation results", "rows", "SATE", filled=True),
    Field("gate", "evaluation", "Gate", "facts", kinds="A", filled=True),
    Field("cautions", "evaluation", "Cautions of the gate", "list", kinds="A", filled=True),
    # performance
    Field("architecture", "performance", "Architecture", "line", "SA", "SAE", True),
    Field("parameters", "performance", "Parameters", "count", "SA", "SAE", True),
    Field("context", "performance", "Context length", "count", "SATE", filled=True, units=("tokens",)),
    Field("max_output", "performance", "Longest output", "count", kinds="T", filled=True, units=("tokens",)),
    Field("dimensions", "performance", "Dimensions of a vector", "count", "E", "E", True),
    Field("quantisation", "performance", "Quantisation", "line", "SA", "SAE", True),
    Field("bits_per_weight", "performance", "Bits per weight", "number", kinds="SAE", filled=True, units=("bits",)),
    Field("file_bytes", "performance", "File size", "bytes", "SA", "SAE", True, ("B", "kB", "MB", "GB")),
    Field("adapter_bytes", "performance", "Adapter size", "bytes", "A", "A", True, ("B", "kB", "MB", "GB")),
    Field("hardware", "performance", "Hardware assumptions", "line", "SATE", filled=True),
    Field("backend", "performance", "Backend and layers on the GPU", "line", kinds="SAE", filled=True),
    Field("prompt_speed", "performance", "Reading a prompt", "spread", "SA", "SA", True, _SPEED),
    Field("generation_speed", "performance", "Writing an answer", "spread", "SA", "SAT", True, _SPEED),
    Field("first_token", "performance", "Time to the first token", "spread", "SA", "SAT", True, _TIME),
    Field("latency", "performance", "Time of a whole answer", "spread", "SATE", filled=True, units=_TIME),
    Field("memory_ram", "performance", "Peak memory (RAM)", "bytes", "SA", "SA", True, ("B", "kB", "MB", "GB")),
    Field("memory_vram", "performance", "Peak memory of the GPU", "bytes", kinds="SA", filled=True,
          units=("B", "kB", "MB", "GB")),
    Field("energy_per_1k", "performance", "Energy for 1,000 tokens", "number", kinds="SA", filled=True,
          units=("Wh", "J", "kWh")),
    Field("error_rate", "performance", "Calls that failed", "number", kinds="TE", filled=True, units=("%",)),
    # cost and terms
    Field("price_input", "cost", "Price of input, a million tokens", "money", "TE", "TE", True, ("USD",)),
    Field("price_cached", "cost", "Price of cached input", "money", kinds="TE", filled=True, units=("USD",)),
    Field("price_cache_write", "cost", "Price of a cache write", "money", kinds="TE", filled=True, units=("USD",)),
    Field("price_output", "cost", "Price of output, a million tokens", "money", "T", "T", True, ("USD",)),
    Field("price_batch_input", "cost", "Batch price of input", "money", kinds="TE", filled=True, units=("USD",)),
    Field("price_batch_output", "cost", "Batch price of output", "money", kinds="T", filled=True, units=("USD",)),
    Field("cost_per_1k", "cost", "Cost for 1,000 tokens", "money", "SATE", filled=True, units=("USD",)),
    Field("cost_per_pair", "cost", "Cost of a kept pair", "money", kinds="AT", filled=True, units=("USD",)),
    Field("requests_per_minute", "cost", "Requests a minute", "count", "T", "TE", True),
    Field("input_per_minute", "cost", "Input tokens a minute", "count", "T", "TE", True),
    Field("output_per_minute", "cost", "Output tokens a minute", "count", "T", "T", True),
    Field("may_train", "cost", "May outputs train a model?", "choice", "T", "TE", True, choices=YES_NO),
    Field("terms", "cost", "Terms, and when they were read", "facts", kinds="TE", filled=True),
    Field("alignment", "cost", "Alignment properties", "text", "T", "TE"),
    Field("retention", "cost", "Retention of what is sent", "line", kinds="TE"),
    Field("region", "cost", "Region", "line", kinds="TE"),
    # provenance
    Field("released", "provenance", "Released", "date", "SATE", filled=True),
    Field("file_sha256", "provenance", "File (sha256)", "hash", "SA", "SAE", True),
    Field("adapter_sha256", "provenance", "Adapter (sha256)", "hash", "A", "A", True),
    Field("base_sha256", "provenance", "Base (sha256)", "hash", "A", "A", True),
    Field("template_sha256", "provenance", "Chat template (sha256)", "hash", "SA", "SA", True),
    Field("location", "provenance", "Download location or address", "url", "TE", filled=True),
    Field("retrieval", "provenance", "Retrieval", "facts", "SA", "SAE", True),
    Field("registry", "provenance", "Registry", "facts", "A", "SA", True),
    Field("changes", "provenance", "What changed since the card before", "list", kinds="SATE", filled=True),
    Field("citation", "provenance", "Citation", "text"),
    Field("glossary", "provenance", "Glossary", "text"),
    Field("autonomy", "provenance", "Autonomy", "line"),
    Field("explainability", "provenance", "Explainability", "text"),
    Field("standards", "provenance", "Standards it complies with", "list"),
)  # fmt: skip

FIELDS: tuple[Field, ...] = tuple(
    replace(field, **GUIDANCE[field.key]._asdict()) if field.key in GUIDANCE else field for field in _FIELDS
)

BY_KEY: dict[str, Field] = {field.key: field for field in FIELDS}

ROWS: dict[str, tuple[str, ...]] = {
    # value in its own unit; low and high bound the interval of the difference to `baseline`, of the value without one
    "evaluation": (
        "task", "dataset", "revision", "split", "metric", "value", "unit", "n", "baseline", "difference", "low", "high",
        "less_is_better", "date", "config", "source", "verified",
    ),
    "training_data": ("name", "sha256", "rows", "train_rows", "validation_rows", "documents", "classification"),
    "teachers": ("name", "model", "pairs", "share", "cost", "may_train"),
}  # fmt: skip
"""The columns of the fields that are tables; a row may lack some. Rates are shares from 0 to 1, cost micro-dollars."""


BENCHMARKED = frozenset(
    ("hardware", "backend", "prompt_speed", "generation_speed", "first_token", "latency", "memory_ram", "memory_vram",
     "energy_per_1k")
)  # fmt: skip
"""What a benchmark of a version tells, of the computer on which it ran and of no other."""


def nothing_paid(field: str, data: object) -> str:
    """Words where tokens cost nobody any money, so that this never reads like the cheapest price; else ""."""
    return "nothing is paid" if field == "cost_per_1k" and data == 0 and not isinstance(data, bool) else ""


def of_kind(kind: Kind) -> tuple[Field, ...]:
    """The fields of a kind of card, in order."""
    return tuple(field for field in FIELDS if field.belongs_to(kind))


def required(kind: Kind) -> tuple[Field, ...]:
    """Those that a card of a kind has to have."""
    return tuple(field for field in FIELDS if field.required_for(kind))


def is_of(key: str, kind: Kind) -> bool:
    """Whether a card of a kind has a field that is called so."""
    field = BY_KEY.get(key)
    return field is not None and field.belongs_to(kind)
