"""Two or more cards side by side, what it costs to use them, and "local or API?" answered in a person's money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged
from forge_desktop.cards.comparing.records import CardComparison
from forge_desktop.cards.records import CardEntry
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.following import Following
from forge_desktop.ui.panes.cards.compare_costs import AnswerCard, assumptions, capability_table
from forge_desktop.ui.panes.cards.compare_inputs import CostForm
from forge_desktop.ui.panes.cards.compare_table import heads, side_by_side
from forge_desktop.ui.panes.cards.sheet_parts import CardSheet, closing, empty, keep_narrow
from forge_desktop.ui.panes.cards.words import KINDS
from forge_desktop.ui.widgets.basics import Button, ProgressRow, column, frame, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.words import count_words, plain_tip, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

MOST = 4  # cards beside each other that can still be read
_ABOUT = "Figures that were measured on another computer, or of something that is no longer so, are marked."
_TOO_FEW = "Choose two cards at least."
_LOCAL = ("adapter", "student")
_CHIP = 140  # pixels for a name
_COSTS = (316, 280)  # pixels of width for what is typed, and in a small window
_ROOMY = 1080  # pixels of width from which columns are as wide as they should be


class CompareSheet(CardSheet):
    """Compares in a job when the cards are chosen, and reckons anew at once when a cost is changed."""

    def __init__(
        self,
        forge: Forge,
        bridge: Bridge,
        errands: Errands,
        entries: Sequence[CardEntry],
        cards: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Compare cards", "Compare cards", _ABOUT, parent)
        self._forge, self._errands = forge, errands
        self._entries = {entry.uid: entry for entry in entries}
        wished = [uid for uid in dict.fromkeys(cards) if uid in self._entries]
        self._chosen, self._left_out = wished[:MOST], len(wished[MOST:])
        self.found: CardComparison | None = None
        self.answer = AnswerCard()
        self.form = CostForm()
        self.form.wanted.connect(self._on_cost)
        self.add = ChoiceField({})
        self.add.setAccessibleName("Put another card beside them")
        self.add.changed.connect(self._on_add)
        keep_narrow(self.add, 212)
        self._chips = row(gap=6)
        self.progress = ProgressRow("Comparing", can_pause=False)
        self._following = Following(forge.jobs, bridge, self.progress, self)
        self.close_button = closing()
        self.close_button.clicked.connect(self.reject)
        bridge.data_changed.connect(self._on_data)
        self._build()
        self._show_costs()
        self._choose(self._completed(self._chosen))

    def chosen(self) -> list[str]:
        """The uids of the cards beside each other."""
        return list(self._chosen)

    def _build(self) -> None:
        parent = self.parentWidget()
        most = parent.window().size() if parent else QSize(theme.px(1240), theme.px(800))
        wide = min(theme.px(1240), most.width() - 32)
        self._narrow = wide < theme.px(_ROOMY)
        self._tables = column(gap=tokens.MD)
        tables = QWidget()
        tables.setLayout(self._tables)
        self._hint = label(_TOO_FEW, tokens.TABLE, cls="muted")
        for hidden in (self.answer, self._hint):
            hidden.hide()
        self.show_parts(self._hint, self.answer, tables)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # the heads stand over the columns
        side = frame("card", column(label("Your costs", tokens.BODY, 600), self.form, gap=8, margins=(16, 12, 6, 12)))
        side.setFixedWidth(theme.px(_COSTS[self._narrow]))
        bar = self.area.verticalScrollBar().sizeHint().width()
        self._heads = column(gap=0, margins=(17, 0, 17 + 6 + bar, 0))
        table = column(self._heads, self.area, gap=tokens.SM)
        table.setStretch(1, 1)
        body = row(table, side, gap=tokens.SM if self._narrow else tokens.LG)
        body.setStretch(0, 1)
        chips = row(self._chips, self.add, None, gap=6)
        lines = column(
            column(self._heading, self.about, gap=2),
            chips,
            self.progress,
            body,
            self.banner,
            row(None, self.close_button),
            gap=tokens.MD,
            margins=(tokens.XL, 20, tokens.XL, 18),
        )
        lines.setStretch(3, 1)
        self.setLayout(lines)
        self.resize(wide, min(theme.px(800), most.height() - 32))

    # which cards

    def _completed(self, chosen: Sequence[str]) -> list[str]:
        """Two at least, and so that it answers something: one that computes here beside a teacher."""
        if len(chosen) > 1:
            return list(chosen)
        kinds = [self._entries[uid].kind for uid in chosen]
        telling = sorted(self._entries.values(), key=lambda entry: (entry.orphan, -entry.filled))
        local = [entry.uid for entry in telling if entry.kind in _LOCAL and not entry.orphan]
        others = [entry.uid for entry in telling if entry.kind == "teacher"]
        first, second = (others, local) if kinds == ["teacher"] else (local, others)
        wanted = [*chosen, *([] if chosen else first[:1]), *second[:1], *(entry.uid for entry in telling)]
        return list(dict.fromkeys(wanted))[:2]

    def _choose(self, cards: Sequence[str]) -> None:
        self._chosen = list(cards)
        empty(self._chips)
        for uid in self._chosen:
            name = safe_words(self._entries[uid].name)
            chip = Button("", "x", "pill")
            chip.setText(chip.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, theme.px(_CHIP)))
            chip.setAccessibleName(f"Take {name} away")
            chip.setToolTip(plain_tip(f"Take {name} away"))
            chip.clicked.connect(lambda _=False, uid=uid: self._on_away(uid))
            self._chips.addWidget(chip)
        self.add.clear()
        self.add.addItem("Put another beside…", "")
        for entry in self._entries.values():
            if entry.uid not in self._chosen:
                self.add.addItem(f"{safe_words(entry.name)} · {KINDS[entry.kind]}", entry.uid)
        self.add.setVisible(self.add.count() > 1 and len(self._chosen) < MOST)
        self._compare()

    @Slot()
    def _on_add(self) -> None:
        if uid := str(self.add.value() or ""):
            self._choose([*self._chosen, uid])
            self.add.setFocus()

    def _on_away(self, uid: str) -> None:
        self._choose([other for other in self._chosen if other != uid])

    def _compare(self) -> None:
        self._following.give_up()
        self.banner.clear()
        if self._left_out:
            self.banner.show_message(
                f"{MOST} cards stand beside each other at most.",
                f"{count_words(self._left_out, 'other')} of those chosen would not fit: take one away to put another"
                " there.",
                kind="info",
            )
            self._left_out = 0
        few = len(self._chosen) < 2
        self._hint.setVisible(few)
        if few:
            self.found = None
            self.answer.hide()
            empty(self._heads)
            empty(self._tables)
            return
        try:
            job = self._forge.cards.comparisons.start(self._chosen)
        except ForgeError as error:
            self.banner.show_error(error)
            return
        self._following.follow(job, self._show, self._trouble)

    def _trouble(self, error: ForgeError | None) -> None:
        if error is not None:
            self.banner.show_error(error)

    def _show(self, found: CardComparison) -> None:
        place = self.area.verticalScrollBar().value()
        self.found = found
        empty(self._heads)
        self._heads.addWidget(heads(found.cards, narrow=self._narrow))
        self.answer.show_answers(found)
        self.answer.show()
        parts: list[QWidget] = [*side_by_side(found, narrow=self._narrow)]
        if found.capabilities:
            parts.append(capability_table(found))
        if (rests := assumptions(found.assumptions, found.notes)) is not None:
            parts.append(rests)
        empty(self._tables)
        for part in parts:
            self._tables.addWidget(part)
        self.area.verticalScrollBar().setValue(place)

    # what it costs

    def _show_costs(self) -> None:
        inputs = self._forge.cards.comparisons.inputs()
        self.form.show_settings(self._forge.settings.values, inputs.assumed)

    @Slot(str, object)
    def _on_cost(self, key: str, value: object) -> None:
        self.banner.clear()
        self._errands.run(
            lambda: self._forge.settings.change(**{key: value}), failed=self.banner.show_error, lane="cards look"
        )

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if "settings" not in event.what:
            return
        self._show_costs()
        if self.found is not None:
            self._show(self._forge.cards.comparisons.again(self.found, self._forge.cards.comparisons.inputs()))

    def done(self, result: int) -> None:
        self._following.give_up()
        super().done(result)
