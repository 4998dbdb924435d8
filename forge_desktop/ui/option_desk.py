"""What every place that shows options does: show those in force, write with errors shown, delete presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.options import Preset, Resolved
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import Banner, Notice
from forge_desktop.ui.widgets.option_form import OptionForm
from forge_desktop.ui.widgets.preset_picker import Offered

if TYPE_CHECKING:
    from forge_desktop.chat.option_book import OptionBook


class OptionDesk:
    """Stands between a form with its banner and the book of options. `presets` are those shown last."""

    def __init__(
        self, book: OptionBook, errands: Errands, form: OptionForm, banner: Banner, origins: Mapping[str, str]
    ) -> None:
        self._book, self._errands, self._form, self._banner = book, errands, form, banner
        self._origins = origins
        self.presets: list[Preset] = []

    def show(self, resolved: Resolved, presets: list[Preset]) -> str:
        """Show what is in force and where it comes from; gives the name of the preset, and that it was changed."""
        self.presets = presets
        offered = [Offered(p.key, p.name, p.help, not p.built_in) for p in presets]
        self._form.presets.show_presets(offered, resolved.preset, changed=resolved.changed)
        origins = {key: self._origins[origin] for key, origin in resolved.origins.items()}
        self._form.show_values(vars(resolved.options), origins, resolved.own)
        name = next((p.name for p in presets if p.key == resolved.preset), "")
        return f"{name}, changed" if resolved.changed else name

    def do(self, work: Callable[[], object], keys: tuple[str, ...] = ()) -> None:
        """Write off the window's thread; what is refused is shown at its field, else in the banner."""

        def failed(error: ForgeError) -> None:
            if keys and keys[0] in self._form.rows:
                self._form.show_error(error, keys)
            else:
                self._banner.show_error(error)

        self._banner.clear()
        self._errands.run(work, failed=failed, lane="asking")

    def preset(self, name: str) -> Preset | None:
        """The preset of this name, or None."""
        return next((p for p in self.presets if p.name == name), None)

    def delete(self, preset: Preset) -> Notice:
        """Delete a preset; the notice that takes it back."""
        values = dict(preset.values)
        self.do(partial(self._book.delete_preset, preset.name))
        return Notice(
            f"{preset.name} was deleted; what chose it keeps its values",
            undo=lambda: self.do(lambda: self._book.save_preset(preset.name, values)),
            icon="trash-2",
        )
