"""What shapes an answer: every option, declared once, and which of three layers each value comes from.

Settings hold the defaults; a student's options override them (what its file recommends, then what its version brings,
then what a person changed); a conversation's options override those. A layer is a plain mapping that names only what
it changes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from forge_desktop.base.declared import check_value, declared
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import Settings
from forge_desktop.engine.records import Sampling

Origin = Literal["settings", "file", "preset", "version", "student", "conversation"]
Layer = Mapping[str, object]

OWN = "own"  # the preset that is what the student's file says

_MAIN, _ADVANCED, _STUDENT = "Answer", "Choice of words", "Student"
_NEUTRAL = Sampling()


@dataclass(frozen=True)
class ChatOptions:
    """The values in force for one answer. Those of the group "Choice of words", and the temperature, make a preset."""

    temperature: float = declared(
        0.0,
        _MAIN,
        "Temperature",
        "How much answers vary. 0 always takes the likeliest word and repeats exactly.",
        minimum=0.0,
        maximum=2.0,
    )
    max_tokens: int = declared(
        512, _MAIN, "Longest answer", "Tokens after which an answer is cut.", minimum=16, maximum=32_768
    )
    think_tokens: int = declared(
        -1,
        _MAIN,
        "Thinking",
        "How long a thinking student may think before it answers. Other students ignore it.",
        minimum=-1,
        maximum=1_048_576,
        offers={-1: "As long as it takes", 0: "Not at all", 256: "Up to 256 tokens", 1024: "Up to 1,024 tokens"},
    )
    seed: int = declared(
        1, _MAIN, "Seed", "The same seed, prompt and student give the same answer.", minimum=0, maximum=2**31 - 1
    )
    system_prompt: str = declared(
        "", _MAIN, "Own instructions", "Added to the instructions that the student gets with every question."
    )
    stop: str = declared(
        "", _MAIN, "Stop at", "An answer ends before any of these, one a line; \\n stands for the end of a line."
    )
    top_k: int = declared(
        40, _ADVANCED, "Top k", "Choose among this many likeliest words; 0 is all of them.", minimum=0, maximum=1000
    )
    top_p: float = declared(
        0.95, _ADVANCED, "Top p", "Choose among the likeliest that make up this share.", minimum=0.01, maximum=1.0
    )
    min_p: float = declared(
        0.05, _ADVANCED, "Min p", "Leave out words below this share of the likeliest one.", minimum=0.0, maximum=1.0
    )
    typical_p: float = declared(
        1.0, _ADVANCED, "Typical p", "Prefer words that surprise as much as usual; 1 is off.", minimum=0.01, maximum=1.0
    )
    repeat_penalty: float = declared(
        1.0, _ADVANCED, "Repetition penalty", "Above 1, words used lately are less likely.", minimum=0.5, maximum=2.0
    )
    repeat_last: int = declared(
        64,
        _ADVANCED,
        "Penalised words",
        "How many of the last tokens the three penalties look at; -1 is the whole context.",
        minimum=-1,
        maximum=1_048_576,
    )
    frequency_penalty: float = declared(
        0.0, _ADVANCED, "Frequency penalty", "Against words, the more often they came.", minimum=-2.0, maximum=2.0
    )
    presence_penalty: float = declared(
        0.0, _ADVANCED, "Presence penalty", "Against words that came at all.", minimum=-2.0, maximum=2.0
    )
    dry_multiplier: float = declared(
        0.0, _ADVANCED, "DRY strength", "Against repeating whole phrases; 0 is off.", minimum=0.0, maximum=10.0
    )
    dry_base: float = declared(
        1.75, _ADVANCED, "DRY growth", "How fast that grows with the phrase.", minimum=1.0, maximum=4.0
    )
    dry_allowed: int = declared(
        2, _ADVANCED, "DRY allowed length", "Phrases up to this many tokens may repeat.", minimum=1, maximum=100
    )
    dry_range: int = declared(
        -1,
        _ADVANCED,
        "DRY range",
        "How many tokens back DRY looks; -1 is the whole context.",
        minimum=-1,
        maximum=1_048_576,
    )
    xtc_probability: float = declared(
        0.0, _ADVANCED, "XTC chance", "How often the likeliest words are passed over; 0 is off.", minimum=0, maximum=1.0
    )
    xtc_threshold: float = declared(
        0.1, _ADVANCED, "XTC threshold", "Only words at least this likely are passed over.", minimum=0.0, maximum=1.0
    )
    mirostat: int = declared(
        0,
        _ADVANCED,
        "Mirostat",
        "Steers how surprising the text is, in place of top k, top p, min p and typical p.",
        choices={0: "Off", 1: "Version 1", 2: "Version 2"},
    )
    mirostat_tau: float = declared(
        5.0, _ADVANCED, "Mirostat surprise", "How surprising the text is to be.", minimum=0.0, maximum=20.0
    )
    mirostat_eta: float = declared(0.1, _ADVANCED, "Mirostat pace", "How fast it gets there.", minimum=0.0, maximum=1.0)
    template: str = declared("", _STUDENT, "Chat template", "Takes the place of the template in the student's file.")

    def sampling(self) -> Sampling:
        """As the engine takes them."""
        named = {f.name for f in dataclasses.fields(Sampling)} - {"stop"}
        values = {name: value for name, value in vars(self).items() if name in named}
        return Sampling(**values, stop=tuple(_stop_strings(self.stop)))


FIELDS = {made.name: made for made in dataclasses.fields(ChatOptions)}
CHOOSING = ("temperature", *(name for name, made in FIELDS.items() if made.metadata["group"] == _ADVANCED))
_OF_SETTINGS = {"max_tokens": "answer_tokens", "stop": "stop_strings"}  # the others are called the same in Settings
# What a GGUF may recommend, by llama.cpp's names; the others stand under our own.
OF_FILE = {"temp": "temperature", "penalty_last_n": "repeat_last", "penalty_repeat": "repeat_penalty"}


@dataclass(frozen=True)
class Preset:
    """A named way of choosing words: values of CHOOSING. `key` is what a layer stores under "preset"."""

    key: str
    name: str
    help: str
    values: Mapping[str, Any] = field(default_factory=dict)
    built_in: bool = False


def _choosing(**values: object) -> dict[str, Any]:
    return {**{key: getattr(_NEUTRAL, key) for key in CHOOSING}, **values}


BUILT_IN = (
    Preset("precise", "Precise", "Always the likeliest word: the same question, the same answer.", _choosing(), True),
    Preset(
        "balanced",
        "Balanced",
        "Varies a little, and stays with what is likely.",
        _choosing(temperature=0.7, top_p=0.9, repeat_penalty=1.05),
        True,
    ),
    Preset(
        "creative",
        "Creative",
        "Varies much; good for ideas, less so for facts.",
        _choosing(temperature=1.1, top_k=0, top_p=1.0, min_p=0.08, repeat_penalty=1.05, dry_multiplier=0.6),
        True,
    ),
    Preset(OWN, "The student's own", "What its file recommends, else the values in Settings.", {}, True),
)


@dataclass(frozen=True)
class Resolved:
    """The options in force, where each comes from, and what the uppermost layer says itself.

    `preset` is the key of the preset that was chosen last, "" for none; `changed` tells that a value since differs.
    """

    options: ChatOptions
    origins: Mapping[str, Origin]
    preset: str
    changed: bool
    own: frozenset[str]

    def choosing(self) -> dict[str, Any]:
        """The values that would make a preset."""
        return {key: getattr(self.options, key) for key in CHOOSING}


def checked(key: str, value: object) -> object:
    """The value as it is stored in a layer. Raises ForgeError naming the option, its limits and the value."""
    if key == "preset":
        if not isinstance(value, str):
            raise ForgeError(f"A preset cannot be {value!r}.", hint="Choose one by its name.")
        return value
    if key not in FIELDS:
        raise ForgeError(f"There is no option called {key}.", hint="See the options of a conversation.")
    return check_value(FIELDS[key], value)


def sound(layer: object) -> dict[str, Any]:
    """What of a stored layer can be used: a value that cannot is left out, so that it never closes a conversation."""
    found: dict[str, Any] = {}
    for key, value in layer.items() if isinstance(layer, Mapping) else ():
        try:
            found[str(key)] = checked(str(key), value)
        except ForgeError:
            continue
    return found


def from_file(recommended: Mapping[str, float]) -> dict[str, Any]:
    """The layer that a GGUF's `general.sampling.*` entries make; what is out of bounds is left out."""
    named = {OF_FILE.get(key, key): value for key, value in recommended.items()}
    return {key: value for key, value in sound(_rounded(named)).items() if key in CHOOSING}


def resolve(
    settings: Settings,
    presets: Mapping[str, Preset],
    *,
    file: Layer,
    student: Layer,
    version: Layer | None = None,
    conversation: Layer | None = None,
) -> Resolved:
    """Lay the layers on each other; the uppermost one is the student's when `conversation` is None."""
    values: dict[str, Any] = {name: _default(settings, name) for name in FIELDS}
    origins: dict[str, Origin] = dict.fromkeys(FIELDS, "settings")
    base = {key: (file.get(key, values[key]), "file" if key in file else "settings") for key in CHOOSING}
    preset, reference = "", {}
    layers: list[tuple[Origin, Layer]] = [("settings", {"preset": settings.preset})]
    layers += [("version", version or {}), ("student", student)]
    if conversation is not None:
        layers.append(("conversation", conversation))
    for origin, layer in layers:
        chosen = presets.get(str(layer.get("preset", "")))
        if chosen is not None:
            preset = chosen.key
            given = base if preset == OWN else {k: (v, "preset") for k, v in {**_choosing(), **chosen.values}.items()}
            values |= {key: value for key, (value, _) in given.items()}
            origins |= {key: where for key, (_, where) in given.items()}  # type: ignore[misc]
            reference = {key: values[key] for key in CHOOSING}
        for key, value in layer.items():
            if key in FIELDS:
                values[key], origins[key] = value, origin
    changed = any(values[key] != reference.get(key) for key in CHOOSING)
    return Resolved(ChatOptions(**values), origins, preset, changed, frozenset(layers[-1][1]))


def _default(settings: Settings, name: str) -> object:
    key = _OF_SETTINGS.get(name, name)
    return getattr(settings, key) if hasattr(settings, key) else FIELDS[name].default


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    """A file keeps 32 bits: 0.7 stands there as 0.699999988."""
    return {key: value if isinstance(value, int) else round(value, 6) for key, value in values.items()}


def _stop_strings(text: str) -> list[str]:
    return [line.replace("\\n", "\n") for line in text.splitlines() if line]
