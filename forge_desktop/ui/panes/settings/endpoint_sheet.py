"""The sheet for one endpoint, new or known: where it is, what it is for, what it costs, how much it may be asked."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QLineEdit, QScrollArea, QWidget

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.base.jobs import Jobs
from forge_desktop.students.desk import Desk, EndpointForm, EndpointView
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.settings.endpoint_fields import (
    ChecksEditor,
    LineEditor,
    ModelEditor,
    NumberEditor,
    SheetField,
    heading,
    pair,
)
from forge_desktop.ui.panes.settings.endpoint_words import LIMITS, ROLES, TERMS, WIRES
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.sheet import Sheet

_OTHER = "Another one"
_ASK_AFTER = 300  # ms after the last key before the price table is looked into


class EndpointSheet(Sheet):
    """Edits a copy; `saved` carries what was kept. Errors stand under the field they belong to."""

    saved = Signal(object)

    def __init__(
        self, desk: Desk, jobs: Jobs, bridge: Bridge, view: EndpointView | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._view = desk, view
        self._errands = Errands(jobs, bridge, self)  # its own: what comes back after it was closed is dropped
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Endpoint {view.form.name}" if view else "Add an endpoint")
        self.fields: dict[str, SheetField] = {}
        self.preset = ChoiceField({_OTHER: _OTHER, **{preset.name: preset.name for preset in desk.presets}})
        self.key = LineEditor()
        self.no_key = ChecksEditor({"none": ("It needs no key any more", "")})
        self._asking = QTimer(self, singleShot=True, interval=_ASK_AFTER)
        self._asking.timeout.connect(self._on_ask)
        self._wire_chosen, self._host = False, ""
        self._build()
        self.show_form(view.form if view else EndpointForm())
        self._begun = self.form()
        self._keyring_known("")
        self._errands.run(desk.keyring, self._keyring_known)

    def form(self) -> EndpointForm:
        """What is typed now."""
        values = {name: field.value() for name, field in self.fields.items() if name != "key"}
        enabled = values.pop("enabled") == ("on",)
        return dataclasses.replace(self._before(), **values, enabled=enabled)

    def typed(self) -> bool:
        """Whether anything differs from how it began."""
        return self.form() != self._begun or bool(self.key.value())

    def show_form(self, form: EndpointForm) -> None:
        """Show these values."""
        for name, field in self.fields.items():
            if name == "enabled":
                field.show_value(("on",) if form.enabled else ())
            elif name != "key":
                field.show_value(getattr(form, name))
        self._fit_host()
        self._on_ask()

    def save(self) -> None:
        """Check and keep it; the sheet closes when that went well."""
        form, key, no_key = self.form(), self.key.value(), bool(self.no_key.value())
        self._set_busy(True)
        self.banner.clear()
        self._errands.run(lambda: self._desk.save(form, key, no_key=no_key), self._on_saved, self._on_failed)

    # ---- building

    def _build(self) -> None:
        self._list = Button("List models", "refresh-cw", "pill")
        self._list.setToolTip("Ask the server which models it has")
        self._list.clicked.connect(self._on_list)
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self._add("name", "Name", LineEditor("as you know it"))
        self._add("url", "Address", LineEditor("https://api.example.com/v1"))
        self._add("host", "Type its host once more", LineEditor())
        self._add("key", "Key", self.key)
        self._add("model", "Model", ModelEditor(), beside=self._list)
        self._add("wire", "Speaks", ChoiceField(WIRES))
        self._add("roles", "What it is for", ChecksEditor(ROLES))
        self._add("price_input", "Input", LineEditor("0.15"))
        self._add("price_output", "Output", LineEditor("0.60"))
        self._add("price_cached", "Cached input", LineEditor("as input"))
        self._add("price_since", "Since", LineEditor("today"))
        for name, (words, empty) in LIMITS.items():
            self._add(name, words, NumberEditor(empty))
        self._add("priority", "Its turn among teachers", NumberEditor("1: asked first"))
        self._add("enabled", "In use", ChecksEditor({"on": ("May be asked", "")}))
        self._add("may_train", "May its answers train a model?", ChoiceField(TERMS), "“No” keeps it from teaching.")
        self._add("terms_url", "Terms", LineEditor("https://example.com/terms"))
        self._add("terms_checked", "Read on", LineEditor("2026-11-26"))
        for name in ("url", "model", "name"):
            self.fields[name].edited.connect(self._asking.start)
        self.fields["url"].edited.connect(self._fit_host)
        self.fields["url"].edited.connect(self._fit_wire)
        self.fields["wire"].edited.connect(self._on_wire)
        self.fields["roles"].edited.connect(self._fit_roles)
        self.preset.changed.connect(self._on_preset)
        self.no_key.setVisible(self._view is not None and self._view.has_key)
        self._lay_out()

    def _add(self, name: str, words: str, editor: QWidget, hint: str = "", beside: QWidget | None = None) -> None:
        self.fields[name] = SheetField(words, editor, hint, beside)

    def _lay_out(self) -> None:
        f = self.fields
        self._table = label("", tokens.SMALL, cls="muted", wrap=True)
        begin = SheetField("Begin with", self.preset)
        begin.setVisible(self._view is None)
        content = QWidget()
        content.setProperty("cls", "flow")
        parts = (
            begin,
            pair(f["name"], f["wire"]),
            f["url"],
            f["host"],
            column(f["key"], self.no_key, gap=2),
            f["model"],
            f["roles"],
            heading("Price in dollars for a million tokens"),
            self._table,
            pair(f["price_input"], f["price_output"], f["price_cached"], f["price_since"]),
            heading("How much it may be asked", "Empty where it is not known: what can be is learnt from its answers."),
            pair(f["context"], f["max_output"], f["concurrency"]),
            pair(f["rpm"], f["input_tpm"], f["output_tpm"]),
            pair(f["priority"], f["enabled"]),
            heading("Terms of use"),
            pair(f["may_train"], f["terms_url"], f["terms_checked"]),
        )
        content.setLayout(column(*parts, None, gap=12, margins=(tokens.XL, 4, tokens.XL, tokens.MD)))
        area = QScrollArea()
        area.setAccessibleName("Endpoint")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        self._area = area
        self._save = PrimaryButton("Save" if self._view else "Add", "check")
        self._save.clicked.connect(self.save)
        cancel = Button("Cancel")
        cancel.clicked.connect(self.reject)
        for button in (cancel, self._list):
            button.setAutoDefault(False)
        self._save.setDefault(True)
        title = label(self.windowTitle(), tokens.SUBTITLE, 600)
        head = column(title, self.banner, gap=tokens.SM, margins=(tokens.XL, tokens.LG, tokens.XL, tokens.SM))
        foot = row(None, cancel, self._save, margins=(tokens.XL, tokens.MD, tokens.XL, tokens.LG))
        whole = column(head, area, foot, gap=0)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        high = self.screen().availableGeometry().height() - theme.px(64)
        self.resize(theme.px(640), min(theme.px(640), high))

    # ---- what depends on what

    def _before(self) -> EndpointForm:
        return self._view.form if self._view is not None else EndpointForm()

    @Slot()
    def _on_preset(self) -> None:
        preset = next((one for one in self._desk.presets if one.name == self.preset.value()), None)
        if preset is None:
            return
        form = dataclasses.replace(self.form(), name=preset.name, url=preset.url, wire=preset.wire)
        if preset.free:
            form = dataclasses.replace(form, price_input="0", price_output="0")
        self.show_form(form)

    @Slot()
    def _fit_host(self) -> None:
        """Only where texts would go readable through the network is the host typed once more."""
        host = self._desk.needs_host(str(self.fields["url"].value()))
        plain = self._desk.spelled(str(self.fields["url"].value()))
        about = f"Its host is {plain}: some of its letters only look like others. See that it is the one you mean."
        self.fields["url"].show_hint(about if plain else "")
        field = self.fields["host"]
        field.setVisible(bool(host))
        if host != self._host:
            field.show_error("")
            if self._host:
                field.show_value("")  # what was typed names another host
            self._host = host
        if host:
            field.show_hint(f"http to {host} is readable for whoever is on the way. Type {host} to allow it.")

    @Slot()
    def _fit_wire(self) -> None:
        """A vendor's own address tells what it speaks, until somebody chooses."""
        if self._view is None and not self._wire_chosen:
            self.fields["wire"].show_value(self._desk.wire_at(str(self.fields["url"].value())))

    @Slot()
    def _on_wire(self) -> None:
        self._wire_chosen = True

    @Slot()
    def _fit_roles(self) -> None:
        """To embed is a role of its own."""
        roles = self.fields["roles"]
        if "embedder" in roles.value() and len(roles.value()) > 1:
            came_last = roles.editor.box("embedder").hasFocus() or "embedder" not in self._before().roles
            roles.show_value(("embedder",) if came_last else tuple(r for r in roles.value() if r != "embedder"))

    def _keyring_known(self, keyring: str) -> None:
        kept = self._view.key if self._view is not None and self._view.has_key else ""
        self.key.setPlaceholderText(f"{kept}; type another one to change it" if kept else "none, for a server at home")
        self.fields["key"].show_hint(
            f"It is kept in {keyring}, for this address only, and never shown again."
            if keyring
            else "This system has no keyring that can be trusted, so the key is kept until Forge Desktop is closed."
        )

    @Slot()
    def _on_ask(self) -> None:
        form = self.form()

        def known() -> tuple[str, tuple[int, int]]:
            return self._desk.table_price(form), self._desk.table_facts(form)

        self._errands.run(known, self._on_known, key="endpoint table")

    def _on_known(self, found: tuple[str, tuple[int, int]]) -> None:
        price, (context, longest) = found
        self._table.setText(
            f"{price}. Leave these empty to go by it."
            if price
            else "The price table does not know this model: type its price in, 0 for a server of your own."
        )
        for name, value in (("context", context), ("max_output", longest)):
            self.fields[name].editor.setPlaceholderText(f"{value:,} by the table" if value else "tokens")

    # ---- asking and keeping

    @Slot()
    def _on_list(self) -> None:
        form, key = self.form(), self.key.value()
        self._list.setEnabled(False)

        def listed(names: list[str]) -> None:
            self._list.setEnabled(True)
            self.fields["model"].editor.offer(names)
            self.fields["model"].show_hint(f"{len(names):,} models are there." if names else "The server lists none.")

        def failed(error: ForgeError) -> None:
            self._list.setEnabled(True)
            self.fields["model"].show_error(f"{error.message} {error.hint}".strip())

        self._errands.run(lambda: self._desk.models(form, key), listed, failed, lane="endpoints")

    def _on_saved(self, view: EndpointView) -> None:
        self.saved.emit(view)
        self.accept()

    def _on_failed(self, error: ForgeError) -> None:
        self._set_busy(False)
        field = self.fields.get(error.field) if isinstance(error, FieldError) else None
        if field is None:
            self.banner.show_error(error)
            return
        field.setVisible(True)
        field.show_error(f"{error.message} {error.hint}".strip())
        field.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        QTimer.singleShot(0, self, lambda: self._area.ensureWidgetVisible(field))

    def _set_busy(self, busy: bool) -> None:
        self._save.setEnabled(not busy)
