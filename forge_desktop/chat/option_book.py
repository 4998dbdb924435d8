"""The options of conversations and students, and the presets: read, changed, tried out. `Chat.options` is one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat.in_use import InUse
from forge_desktop.chat.options import (
    BUILT_IN,
    CHOOSING,
    FIELDS,
    Layer,
    Preset,
    Resolved,
    checked,
    from_file,
    resolve,
    sound,
)
from forge_desktop.chat.rows import storable
from forge_desktop.chat.store_options import OptionStore
from forge_desktop.engine import Engine, PromptMessage, PromptPart, RenderedPrompt, Sampling
from forge_desktop.storage import Database

_LONGEST_NAME = 60
_LONGEST_TEXT = 200_000  # characters of instructions or a template
_STUDENTS_OWN = tuple(name for name, field in FIELDS.items() if field.metadata["group"] == "Student")
_CORRECT = "Correct it, or go back to the one in the student's file."
_EXAMPLE = (
    ("system", "Answer shortly."),
    ("user", "How long may I keep a hand tool?"),
    ("assistant", "For 14 days."),
    ("user", "And a power tool?"),
)


class OptionBook:
    """Layers of options. Changes are committed and announced (`DataChanged({"options"})`); None takes a value back."""

    def __init__(self, db: Database, events: Events, settings: SettingsFile, engine: Engine) -> None:
        self._store = OptionStore(db)
        self._events, self._settings, self._engine = events, settings, engine
        self._recommended: dict[str, dict[str, Any]] = {}  # what each GGUF says, by sha256
        self._in_use = InUse()
        self._lock = threading.Lock()  # a layer is read, changed and stored as one

    # ---- what is in force ----

    def resolved(self, conversation_id: int | None, pending: Layer | None = None) -> Resolved:
        """What is in force in a conversation for the student in use; `pending` are changes not stored yet.

        None is a conversation that does not exist yet. Raises ForgeError when the conversation is gone.
        """
        layer = self._store.of_conversation(conversation_id) if conversation_id is not None else {}
        layer = self._new(sound(layer), pending or {}, _STUDENTS_OWN)
        state = self._engine.state()
        return self._resolve(state.model_sha256 or "", state.path, layer)

    def of_student(self, sha256: str, path: str) -> Resolved:
        """What is in force for a student where no conversation says otherwise."""
        return self._resolve(sha256, path, None)

    def own_template(self, sha256: str) -> str:
        """The chat template that a person set for a student, "" for none. Reads no file."""
        return str(sound(self._store.of_student(sha256)).get("template", ""))

    def recommended(self, sha256: str, path: str) -> Mapping[str, Any]:
        """What a student's file recommends, as far as it can be used."""
        if sha256 not in self._recommended:
            try:
                self._recommended[sha256] = from_file(dict(self._engine.probe(Path(path)).sampling)) if path else {}
            except ForgeError:
                return {}  # the file cannot be read now; loading it says so
        return self._recommended[sha256]

    def use(self, in_use: InUse) -> None:
        """This version of the student answers from now on: its template counts before that in the student's file, and
        after one that a person chose for the student.
        """
        self._in_use = in_use
        self._events.changed("options")

    @property
    def in_use(self) -> InUse:
        """What the version that answers now brings; nothing while an endpoint answers in its place."""
        return InUse() if self._engine.state().remote else self._in_use

    # ---- changing ----

    def change(self, conversation_id: int, changes: Layer) -> None:
        """Change options of a conversation. Raises ForgeError for a bad value; nothing is changed then."""
        with self._lock:
            layer = sound(self._store.of_conversation(conversation_id))
            self._store.put_conversation(conversation_id, self._new(layer, changes, _STUDENTS_OWN))
        self._events.changed("options")

    def reset(self, conversation_id: int) -> None:
        """Back to the student's options."""
        with self._lock:
            self._store.put_conversation(conversation_id, {})
        self._events.changed("options")

    def change_student(self, sha256: str, changes: Layer) -> None:
        """Change a student's options. Raises ForgeError for a bad value; nothing is changed then."""
        with self._lock:
            layer = sound(self._store.of_student(sha256))
            self._store.put_student(sha256, self._new(layer, changes, ()))
        self._events.changed("options")

    def reset_student(self, sha256: str) -> None:
        """Back to what the file recommends and Settings hold. The chat template in use stays."""
        with self._lock:
            layer = sound(self._store.of_student(sha256))
            self._store.put_student(sha256, {key: layer[key] for key in _STUDENTS_OWN if key in layer})
        self._events.changed("options")

    # ---- presets ----

    def presets(self) -> list[Preset]:
        """Those built in, then a person's own by name."""
        own = (Preset(name, name, "A preset of your own.", sound(values)) for name, values in self._store.presets())
        return [*BUILT_IN, *own]

    def preset(self, name: str) -> Preset:
        """A preset by its key or name, case ignored. Raises ForgeError naming those there are."""
        wanted, presets = _folded(name), self.presets()
        found = [made for made in presets if wanted in (_folded(made.name), _folded(made.key))]
        if not found:
            names = ", ".join(made.name for made in presets)
            raise ForgeError(f"There is no preset called {name!r}.", hint=f"There are: {names}.")
        return found[0]

    def save_preset(self, name: str, values: Mapping[str, Any]) -> Preset:
        """Keep values under a name, new or one of the person's own. Raises ForgeError for a name that is taken."""
        name = self._free_name(name)
        known = next((made.name for made in self.presets() if _folded(made.name) == _folded(name)), name)
        kept = {key: checked(key, value) for key, value in values.items() if key in CHOOSING}
        self._store.put_preset(known, kept)
        self._events.changed("options")
        return Preset(known, known, "A preset of your own.", kept)

    def rename_preset(self, name: str, new: str) -> None:
        """Give one of the person's own another name, wherever it was chosen too."""
        preset, new = self._of_person(name), self._free_name(new)
        taken = next((made for made in self.presets() if _folded(made.name) == _folded(new)), preset)
        if taken.key != preset.key:
            raise ForgeError(f"There is a preset called {taken.name} already.", hint="Choose another name.")
        with self._lock:
            self._store.rename_preset(preset.key, new)
        self._events.changed("options")

    def delete_preset(self, name: str) -> None:
        """Take one of the person's own away; conversations and students that chose it keep its values."""
        preset = self._of_person(name)
        with self._lock:
            self._store.delete_preset(preset.key, preset.values)
        self._events.changed("options")

    def export(self) -> Iterator[dict[str, object]]:
        """A person's presets and each student's options as plain values."""
        for preset in self.presets():
            if not preset.built_in:
                yield {"preset": preset.name, "student_sha256": None, "options": dict(preset.values)}
        for sha256, layer in self._store.students():
            yield {"preset": None, "student_sha256": sha256, "options": sound(layer)}

    # ---- templates ----

    def preview(self, template: str, check: Callable[[], None] = lambda: None) -> RenderedPrompt:
        """A short example conversation after this template ("": the file's own), by the student in use.

        Raises ForgeError with one sentence for a template that is broken or does not end.
        """
        if self._engine.state().remote:
            raise ForgeError(
                "A remote student answers now, whose template is its server's.",
                hint="Choose a student on this computer to try one out.",
                action="students",
            )
        messages = [PromptMessage(role, (PromptPart(text),)) for role, text in _EXAMPLE]
        try:
            return self._engine.render(messages, sampling=Sampling(), check=check, template=template, marks=True)
        except ForgeError as error:
            hint = _CORRECT if template and "chat template" in error.message else error.hint
            raise ForgeError(error.message, hint=hint) from error

    # ---- inside ----

    def _resolve(self, sha256: str, path: str, conversation: Layer | None) -> Resolved:
        return resolve(
            self._settings.values,
            {made.key: made for made in self.presets()},
            file=self.recommended(sha256, path),
            version=self._of_version(sha256),
            student=sound(self._store.of_student(sha256)) if sha256 else {},
            conversation=conversation,
        )

    def _of_version(self, sha256: str) -> Layer:
        """What the version in use brings, where the student meant is the one in use."""
        template = self.in_use.template
        return {"template": template} if template and sha256 == self._engine.state().model_sha256 else {}

    def _new(self, layer: dict[str, Any], changes: Layer, refused: tuple[str, ...]) -> dict[str, Any]:
        changes = dict(changes)
        for key, value in changes.items():
            if key == "preset" and isinstance(value, str):
                changes[key] = self.preset(value).key  # typed as people write it; looked up by its key
            elif isinstance(value, str) and len(value) > _LONGEST_TEXT:
                label = FIELDS[key].metadata["label"] if key in FIELDS else key
                raise ForgeError(f"{label} has {len(value):,} characters.", hint=f"At most {_LONGEST_TEXT:,} will do.")
        return _changed(layer, changes, refused)

    def _of_person(self, name: str) -> Preset:
        preset = self.preset(name)
        if preset.built_in:
            raise ForgeError(f"The preset {preset.name} is built in and stays.", hint="Save one of your own.")
        return preset

    def _free_name(self, name: str) -> str:
        name = " ".join(storable(name).split())
        if not name or len(name) > _LONGEST_NAME:
            raise ForgeError("A preset needs a name.", hint=f"Type 1 to {_LONGEST_NAME} characters.")
        if any(_folded(name) in (_folded(made.name), made.key) for made in BUILT_IN):
            raise ForgeError(f"The preset {name} is built in and stays.", hint="Choose another name.")
        return name


def _changed(layer: Layer, changes: Layer, refused: tuple[str, ...]) -> dict[str, Any]:
    """The layer with changes; choosing a preset takes back what was chosen by hand in its place."""
    made = dict(layer)
    if "preset" in changes:
        for key in CHOOSING:
            made.pop(key, None)
    for key, value in changes.items():
        if key in refused:
            raise ForgeError(f"{FIELDS[key].metadata['label']} belongs to the student.", hint="Change it in Students.")
        if value is None:
            made.pop(key, None)
        else:
            made[key] = storable(value) if isinstance(value, str) else value
    return {key: checked(key, value) for key, value in made.items()}


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
