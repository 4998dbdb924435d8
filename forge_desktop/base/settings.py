"""Every setting, declared once: key, type, default, label, help. The dialog and the checks are made from this table."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from forge_desktop.base.declared import check_value
from forge_desktop.base.declared import declared as _setting
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.paths import write_atomically

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """The values in force. Metadata of each field: group, label, help, choices (value to label), minimum, maximum."""

    theme: str = _setting(
        "system",
        "Appearance",
        "Theme",
        "Light, dark, or whatever the system uses.",
        choices={"system": "Follow the system", "light": "Light", "dark": "Dark"},
    )
    send_with: str = _setting(
        "ctrl_enter",
        "Chat",
        "Send with",
        "The key that sends a question. The other one starts a new line.",
        choices={"ctrl_enter": "Ctrl+Enter", "enter": "Enter"},
    )
    grounding: str = _setting(
        "documents_first",
        "Chat",
        "Grounding",
        "What an answer may rest on when a new conversation starts.",
        choices={"documents_only": "Documents only", "documents_first": "Documents first", "free": "Free"},
    )
    passages: int = _setting(
        6, "Chat", "Passages per question", "How many passages are offered to the student.", minimum=1, maximum=40
    )
    neighbours: int = _setting(
        1,
        "Chat",
        "Neighbouring passages",
        "How many passages before and after the best ones the student reads too, where there is room.",
        minimum=0,
        maximum=3,
    )
    system_prompt: str = _setting(
        "", "Chat", "Own instructions", "Added to the instructions that the student gets with every question."
    )
    long_conversations: str = _setting(
        "leave_out",
        "Chat",
        "When a conversation grows longer than the context",
        "What becomes of the early questions and answers. A summary is written by the student, once, which takes a"
        " moment; either way the conversation says so.",
        choices={"leave_out": "Leave out early turns", "summarise": "Summarise them"},
    )
    context_tokens: int = _setting(
        4096,
        "Student",
        "Context length",
        "Tokens the student can hold at once: prompt and answer together. More needs more memory."
        " A student's own memory plan goes before this.",
        minimum=512,
        maximum=1_048_576,
    )
    answer_tokens: int = _setting(
        512, "Student", "Longest answer", "Tokens after which an answer is cut.", minimum=16, maximum=32_768
    )
    preset: str = _setting(
        "own",
        "Student",
        "Preset",
        "How words are chosen, where neither the student nor the conversation says otherwise. The student's own: what"
        " its file says, else the values below.",
        choices={"own": "The student's own", "precise": "Precise", "balanced": "Balanced", "creative": "Creative"},
    )
    temperature: float = _setting(
        0.0,
        "Student",
        "Temperature",
        "0 always takes the likeliest word and repeats exactly; higher values vary more.",
        minimum=0.0,
        maximum=2.0,
    )
    top_k: int = _setting(
        40, "Student", "Top k", "Sample among this many likeliest tokens; 0 is all of them.", minimum=0, maximum=1000
    )
    top_p: float = _setting(
        0.95, "Student", "Top p", "Sample among tokens that make up this share.", minimum=0.01, maximum=1.0
    )
    min_p: float = _setting(
        0.05, "Student", "Min p", "Drop tokens below this share of the likeliest one.", minimum=0.0, maximum=1.0
    )
    seed: int = _setting(
        1, "Student", "Seed", "The same seed, prompt and student give the same answer.", minimum=0, maximum=2**31 - 1
    )
    think_tokens: int = _setting(
        -1,
        "Student",
        "Thinking",
        "Tokens a thinking student may think before it answers: -1 without limit, 0 not at all.",
        minimum=-1,
        maximum=1_048_576,
    )
    stop_strings: str = _setting(
        "", "Student", "Stop at", "An answer ends before any of these, one a line; \\n stands for the end of a line."
    )
    gpu_layers: int = _setting(
        -1,
        "Student",
        "Layers on the GPU",
        "-1 offloads as many as fit when there is a GPU; 0 stays on the CPU. A student's own memory plan goes first.",
        minimum=-1,
        maximum=1000,
    )
    kv_type: str = _setting(
        "auto",
        "Student",
        "Key-value cache",
        "How precisely the student's memory of a conversation is kept. 8 bits take about half the room.",
        choices={"auto": "16 bits, 8 where only that fits", "f16": "16 bits", "q8_0": "8 bits"},
    )
    threads: int = _setting(
        0,
        "Student",
        "CPU threads",
        "0 chooses by the number of cores. More threads than the processor has are not used.",
        minimum=0,
        maximum=256,
    )
    kv_files: bool = _setting(
        True,
        "Student",
        "Keep conversations ready",
        "What the student has read is kept in files, so that a conversation goes on at once after a restart. Switching"
        " it off removes them.",
    )
    kv_files_megabytes: int = _setting(
        2048,
        "Student",
        "Space for kept conversations",
        "Megabytes; those unused for longest go first.",
        minimum=16,
        maximum=1_048_576,
    )
    lookup: bool = _setting(
        True,
        "Student",
        "Guess quotations",
        "Words that stand in the prompt are guessed to come again, which makes quoting answers much faster.",
    )
    passage_tokens: int = _setting(
        256,
        "Corpus",
        "Passage length",
        "Tokens of the student in a passage, about. Changing it re-splits a document when it is next indexed.",
        minimum=32,
        maximum=4096,
    )
    passage_overlap_tokens: int = _setting(
        26, "Corpus", "Passage overlap", "Tokens that neighbouring passages share, about.", minimum=0, maximum=512
    )
    hash_dimensions: int = _setting(
        512,
        "Corpus",
        "Built-in embedding",
        "Numbers in the vectors by which misspelt words are found. 128 takes a quarter of the disk and finds fewer."
        " Changing it makes them anew in the background.",
        choices={128: "128 dimensions", 512: "512 dimensions"},
    )
    embedding_model: str = _setting(
        "",
        "Corpus",
        "Embedding model",
        "A GGUF file whose vectors find passages of the same meaning, beside the built-in ones of spelling."
        " Empty: none.",
        file="GGUF models (*.gguf)",
    )
    file_megabytes: int = _setting(
        256,
        "Corpus",
        "Largest file",
        "Files above this many megabytes are listed but not read.",
        minimum=1,
        maximum=4096,
    )
    index_speed: str = _setting(
        "full",
        "Corpus",
        "Speed of indexing",
        "In the background, one reading process runs at low priority and the rest of the machine goes first.",
        choices={"full": "Full speed", "background": "In the background"},
    )
    pause_on_battery: bool = _setting(
        False, "Corpus", "Pause on battery", "Reading files waits while the computer is not plugged in."
    )
    parser_processes: int = _setting(
        0,
        "Corpus",
        "Reading processes",
        "How many files are read at the same time at full speed; 0 is one for each core.",
        minimum=0,
        maximum=256,
    )
    watch_folders: bool = _setting(
        True, "Corpus", "Watch folders", "Read what changes in the folders of the corpus while Forge Desktop is open."
    )
    sync_minutes: int = _setting(
        10,
        "Corpus",
        "Look through folders",
        "Minutes between two looks through all folders, for what cannot be watched. 0 looks only when asked.",
        minimum=0,
        maximum=1440,
    )
    parser_seconds: int = _setting(
        60, "Corpus", "Time per file", "Seconds after which reading a file is given up.", minimum=1, maximum=3600
    )
    ocr: bool = _setting(
        True,
        "Corpus",
        "Read text in pictures",
        "Scanned PDF pages and pictures are read with Tesseract, where it is installed (OCR).",
    )
    ocr_languages: str = _setting(
        "",
        "Corpus",
        "Languages in pictures",
        "Tesseract's names, as in eng+deu. Empty: what is installed, four languages at most.",
    )
    parser_megabytes: int = _setting(
        2048, "Corpus", "Memory per file", "Megabytes the reading process may use.", minimum=256, maximum=65_536
    )
    duplicate_share: float = _setting(
        0.65,
        "Lessons",
        "Same words",
        "Two lessons that share this part of their runs of words are one; the better one is kept.",
        minimum=0.3,
        maximum=1.0,
    )
    duplicate_cosine: float = _setting(
        0.93,
        "Lessons",
        "Same spelling",
        "Two lessons whose vectors are at least so alike are one, though their words stand in another order.",
        minimum=0.5,
        maximum=1.0,
    )
    leak_share: float = _setting(
        0.5,
        "Lessons",
        "Held by a suite",
        "A lesson that has this part of the runs of eight words of a question or an answer to measure with does not"
        " train.",
        minimum=0.05,
        maximum=1.0,
    )
    lessons_with_evidence: bool = _setting(
        True,
        "Lessons",
        "Passages in exports",
        "Lessons for other programs show the passages before the question, as the student sees them in the chat.",
    )
    cost_hardware: Decimal = _setting(
        Decimal("1500"),
        "Costs",
        "Price of the computer",
        "What it cost, in your money. Comparing cards spreads it over the years and hours below. 1500 is an"
        " assumption, as are all figures of this group until you set them.",
        minimum=0,
        maximum=1_000_000_000,
    )
    cost_years: Decimal = _setting(
        Decimal("4"), "Costs", "Years of use", "How long the computer is used.", minimum=Decimal("0.1"), maximum=50
    )
    cost_residual: int = _setting(
        10, "Costs", "Worth afterwards", "What it is still worth then, in percent of its price.", minimum=0, maximum=100
    )
    cost_hours: Decimal = _setting(
        Decimal("4"),
        "Costs",
        "Hours a day",
        "How long a day a model computes on it.",
        minimum=Decimal("0.01"),
        maximum=24,
    )
    cost_watts: Decimal = _setting(
        Decimal("100"),
        "Costs",
        "Watts while it computes",
        "What the computer draws from the socket while a model computes. A meter between plug and socket tells.",
        minimum=0,
        maximum=100_000,
    )
    cost_electricity: Decimal = _setting(
        Decimal("0.30"), "Costs", "Price of a kWh", "Electricity, in your money.", minimum=0, maximum=1_000_000
    )
    cost_disk: Decimal = _setting(
        Decimal("0.05"), "Costs", "Price of a GB of disk", "Paid once, in your money.", minimum=0, maximum=1_000_000
    )
    cost_input_per_output: Decimal = _setting(
        Decimal("6"),
        "Costs",
        "Tokens read for each one written",
        "Questions with passages are much longer than their answers.",
        minimum=0,
        maximum=10_000,
    )
    cost_cached: int = _setting(
        0,
        "Costs",
        "Cached input",
        "What part of the tokens that an endpoint reads it takes from its cache, in percent.",
        minimum=0,
        maximum=100,
    )
    cost_tokens: int = _setting(
        1_000_000,
        "Costs",
        "Tokens a month",
        "How many you use, read and written together.",
        minimum=0,
        maximum=10**15,
    )
    cost_currency: str = _setting(
        "USD",
        "Costs",
        "Your money",
        "Its name, as in EUR. Prices of endpoints are in US dollars and are converted.",
        form=r"\s*([^\W\d_]|[$¢£¥\u20a0-\u20cf]){0,3}\s*",
    )
    cost_rate: Decimal = _setting(
        Decimal("1"),
        "Costs",
        "For a US dollar",
        "How much of your money a US dollar is.",
        minimum=Decimal("0.000001"),
        maximum=10_000_000,
    )
    offline: bool = _setting(
        False,
        "Network",
        "Offline",
        "No connection is made at all, to no teacher, remote student or embedding service, whoever asks.",
    )
    hub_address: str = _setting(
        "https://huggingface.co",
        "Network",
        "Hub of models",
        "Where Students looks for students to download, and only when you search: huggingface.co, or a mirror of it.",
    )
    trainer_index: str = _setting(
        "",
        "Network",
        "Packages of the trainer",
        "The index that torch comes from when an environment for training is made, best one of builds for processors;"
        " empty for the one that this computer's pip uses.",
    )
    proxy: str = _setting(
        "",
        "Network",
        "Proxy",
        "As in http://proxy.example:3128: through it endpoints on the internet are reached. Empty: none.",
    )
    ca_file: str = _setting(
        "",
        "Network",
        "Own certificates",
        "A PEM file with certificates of an authority of your own, trusted beside the usual ones. Empty: none.",
        file="Certificates (*.pem *.crt)",
    )


# Settings of earlier versions: key, the one that took its place, and how many of the old unit make one of the new.
_REPLACED = (
    ("passage_characters", "passage_tokens", 4.53),
    ("passage_overlap", "passage_overlap_tokens", 4.53),
)


def check_setting(key: str, value: object) -> object:
    """The value, coerced to the setting's type; raises ForgeError naming the setting, the limit and the value."""
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    if key not in fields:
        raise ForgeError(f"There is no setting called {key}.", hint="See the list in Settings.")
    return check_value(fields[key], value)


def _within(key: str, value: float) -> int:
    """The whole number nearest to the value that the setting allows."""
    limits = next(field.metadata for field in dataclasses.fields(Settings) if field.name == key)
    nearest: int = round(min(max(value, limits["minimum"]), limits["maximum"]))
    return nearest


class SettingsFile:
    """settings.json beside the database: read once, written atomically, unknown keys kept for a newer version."""

    def __init__(self, path: Path, events: Events) -> None:
        self._path = path
        self._events = events
        self._lock = threading.Lock()
        self._stored: dict[str, object] = {}
        self.overridden: frozenset[str] = frozenset()  # what was asked for this process alone
        self._unreadable = False  # what stands in the file is then kept aside before it is written over
        self.problem = ""  # what in the file could not be used; the defaults are then in force
        known: dict[str, Any] = {}
        try:
            stored = json.loads(path.read_bytes())
            if not isinstance(stored, dict):
                raise ValueError("not an object")
            self._stored = stored
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError) as error:
            self.problem = f"The settings in {path} cannot be read ({error}); the defaults are in force."
            log.warning("settings file unreadable: %s", error)
            self._unreadable = True
        for old, new, unit in _REPLACED:
            value = self._stored.get(old)
            if new not in self._stored and isinstance(value, (int, float)) and not isinstance(value, bool):
                self._stored[new] = _within(new, value / unit)
        refused = []
        names = {field.name for field in dataclasses.fields(Settings)}
        for key, value in self._stored.items():
            if key in names:
                try:
                    known[key] = check_setting(key, value)
                except ForgeError as error:
                    refused.append(error.message)
        if refused:
            force = "The default is in force." if len(refused) == 1 else "The defaults are in force."
            self.problem = " ".join([*refused, force])
        self._values = Settings(**known)

    @property
    def values(self) -> Settings:
        """The settings in force now; a frozen copy, safe to hold during one piece of work."""
        return self._values

    def change(self, **changes: object) -> None:
        """Check, store and announce changes (`DataChanged({"settings"})`).

        Raises ForgeError for a bad value (nothing is changed) or when the file cannot be written.
        """
        checked = {key: check_setting(key, value) for key, value in changes.items()}
        with self._lock:
            stored = {**self._stored, **checked}
            if self._unreadable:
                self._keep_aside()
            try:
                write_atomically(self._path, json.dumps(stored, indent=2, sort_keys=True, default=str).encode())
            except OSError as error:
                raise ForgeError(
                    f"The settings could not be saved in {self._path}: {error.strerror or error}.",
                    hint="Free some space or check the folder's permissions, then try again.",
                ) from error
            self._stored, self._unreadable = stored, False
            self._values = dataclasses.replace(self._values, **checked)  # type: ignore[arg-type]
        self._events.changed("settings")

    def override(self, **changes: object) -> None:
        """Check changes and put them in force for this process only; nothing is stored."""
        checked = {key: check_setting(key, value) for key, value in changes.items()}
        with self._lock:
            self._values = dataclasses.replace(self._values, **checked)  # type: ignore[arg-type]
            self.overridden |= frozenset(checked)

    def _keep_aside(self) -> None:
        try:
            self._path.replace(self._path.with_suffix(".unreadable.json"))
        except OSError:
            log.warning("the unreadable settings file could not be set aside")
