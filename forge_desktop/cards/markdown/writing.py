"""A card into its text: the front matter and the places in the body that say something else are written anew."""

from __future__ import annotations

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.markdown import body_edits, file_rows, hub_keys, laying, tidying, told, wishes
from forge_desktop.cards.markdown.body_edits import LineEdit
from forge_desktop.cards.markdown.facts import Held
from forge_desktop.cards.markdown.index_editing import Edited, edited, is_whole, marked
from forge_desktop.cards.markdown.outline import Outline
from forge_desktop.cards.markdown.parsing import Parsed, parse
from forge_desktop.cards.markdown.places import Place
from forge_desktop.cards.markdown.places import found as places_in
from forge_desktop.cards.markdown.wishes import Wish
from forge_desktop.cards.markdown.yaml_editing import changed
from forge_desktop.cards.markdown.yaml_nodes import plain
from forge_desktop.cards.records import Card
from forge_desktop.cards.typing_in import wrong_value


def write(card: Card, *, previous: str = "") -> str:
    """The card's Markdown: `previous`, or the card's own document, with what differs from it written anew.

    Raises BadCardText where that text cannot be read.
    """
    return _Writing(file_rows.in_text(card), parse(previous or card.document, card.kind)).text()


class _Writing:
    def __init__(self, card: Card, parsed: Parsed) -> None:
        self._card = card
        self._rows = _results_of(card) if "model-index" in parsed.keys else []
        self._parsed, self._results = _with_results(parsed, self._rows)
        self._fresh = not parsed.front.there and not parsed.front.body.strip()
        self._wishes = wishes.of(card)
        if self._fresh and "name" not in self._wishes and card.name:
            self._wishes = {"name": wishes.named(card.name), **self._wishes}
        values = {key: wish.held[0] for key, wish in self._wishes.items() if wish.held is not None and not wish.held[1]}
        name = values.get("name")
        self._made = hub_keys.wanted(values, parsed.keys, card.kind, name if isinstance(name, str) else card.name)
        self._back = hub_keys.as_written(self._made)

    def text(self) -> str:
        front = self._parsed.front
        changes = self._changes()
        body = self._body()
        end = front.line_end
        if not changes:
            return front.before + front.yaml + front.after + body
        yaml = changed(front.yaml, self._parsed.root, changes, hub_keys.ORDER, end)
        if self._rows and "model-index" in changes:
            yaml = marked(yaml, self._rows)
        if front.there:
            return front.before + yaml + front.after + body
        gap = end if body.strip() and not body.startswith(("\n", "\r\n")) else ""
        return f"{front.before}---{end}{yaml}---{end}{gap}{body}"

    def _changes(self) -> dict[str, object]:
        """Keys of the front matter that have to say something else."""
        found: dict[str, object] = {}
        parsed = self._parsed
        for key in hub_keys.fields_of(self._card.kind):
            if key == "evaluation" and self._results is not None:
                continue
            there = parsed.in_front.get(key)
            if key not in self._wishes and (there is None or self._no_value(key, (there, ""))):
                continue
            if self._back.get(key) == there or (there is not None and self._data(key) == there):
                continue
            if there is None and self._body_says(key):
                continue  # a text that says it in its body alone stays as it is
            for name in hub_keys.names_of(key):
                node = parsed.keys.get(name)
                value = hub_keys.shaped(name, self._made.get(name), node)
                if (node is None and value is not None) or (node is not None and plain(node) != value):
                    found[name] = value
        if self._fresh and found and self._card.kind in ("student", "adapter"):
            found["library_name"] = "gguf"
        return found

    def _body_says(self, key: str) -> bool:
        wish, held = self._wishes.get(key), self._parsed.in_body.get(key)
        return wish is not None and held is not None and wishes.same(wish.held, held)

    def _data(self, key: str) -> object:
        wish = self._wishes.get(key)
        return wish.held[0] if wish is not None and wish.held is not None else None

    def _body(self) -> str:
        parsed = self._parsed
        edits: list[LineEdit] = []
        new: list[Wish] = []
        places = dict(parsed.places)
        for key, wish in self._all().items():
            place = places.get(key)
            made = body_edits.changed(parsed.outline, place, wish) if place is not None else None
            if place is not None and not place.says and wish is not None and self._front_says(wish):
                continue
            if made is not None:
                edits += made
                continue
            if place is not None and wish is not None:
                edits += body_edits.removed(parsed.outline, place)
                new.append(wish)
            elif wish is not None and not self._front_says(wish) and not self._from_file(wish):
                new.append(wish)
        edits += laying.edits(parsed.outline, places, new)
        edits = tidying.tidied(parsed.outline, edits)
        body = body_edits.applied(parsed.outline, edits, parsed.front.line_end) if edits else parsed.front.body
        return self._without_more(body)

    def _without_more(self, body: str) -> str:
        """A body without the other places that say what was taken out of it: read again, the next of them would count.
        What is first a name or a paragraph is so by where it stands, and the next one is another text.
        """
        gone = {
            key
            for key, place in self._parsed.places.items()
            if place.says and key not in self._wishes and key not in ("name", "summary") and self._may_go(key, place)
        }
        while gone:
            outline = Outline(body)
            there = places_in(outline, self._card.kind)
            more = [place for key, place in there.items() if key in gone and place.says and self._may_go(key, place)]
            edits = [edit for place in more for edit in body_edits.removed(outline, place)]
            if not edits:
                break
            body = body_edits.applied(outline, tidying.tidied(outline, edits), self._parsed.front.line_end)
        return body

    def _from_file(self, wish: Wish) -> bool:
        """Whether it is a name that an import took from a file, because the text in it says none."""
        hand = wish.state.hand
        named_so = wish.field.key == "name" and hand is not None and hand.source == "import"
        return named_so and wish.state.measured is None and not self._fresh

    def _all(self) -> dict[str, Wish | None]:
        """Every field that has a place or is wished for."""
        found: dict[str, Wish | None] = dict(self._wishes)
        places = self._parsed.places
        found.update({key: None for key, place in places.items() if key not in found and self._may_go(key, place)})
        return found

    def _may_go(self, key: str, place: Place) -> bool:
        """Whether a field that the card has no value for goes from the text: the name in its heading never does, nor
        what cannot be a value of it, which is somebody's text.
        """
        return not (key == "name" and place.form == "name") and not self._no_value(key, place.held)

    def _no_value(self, key: str, held: Held | None) -> bool:
        if held is None or held[0] is None:
            return False
        return bool(wrong_value(BY_KEY[key], *held, self._card.kind))

    def _front_says(self, wish: Wish) -> bool:
        """Whether the front matter is enough for a field that has no place in the body."""
        key = wish.field.key
        if key not in hub_keys.fields_of(self._card.kind) or wish.held is None or told.stale(wish.state):
            return False  # what is no longer true is said beside the value, and there is no such place there
        if key == "licence_name" and self._data("licence") == wish.held[0]:
            return False  # in the front matter alone it would be taken for the licence's own name
        if key == "evaluation" and self._rows:
            whole = is_whole(self._rows) if self._results is None else self._results.whole
            return whole and not wish.beside_measured
        exact = self._data(key) in (self._back.get(key), self._parsed.in_front.get(key)) and not wish.held[1]
        if not exact or key not in hub_keys.READABLE:
            return exact
        return hub_keys.field_key(key) in self._parsed.keys and not wish.beside_measured


def _results_of(card: Card) -> list[dict[str, object]]:
    """The rows that a card has as results, none where they are no rows."""
    state = card.fields.get("evaluation")
    shown = state.shown if state is not None and not state.not_applicable else None
    rows = shown.data if shown is not None and not shown.unit and isinstance(shown.data, list) else []
    return rows if all(isinstance(row, dict) for row in rows) else []


def _with_results(parsed: Parsed, rows: list[dict[str, object]]) -> tuple[Parsed, Edited | None]:
    """The text with its results corrected where they stand, None where they have to be written anew."""
    if not rows:
        return parsed, None
    front = parsed.front
    if parsed.in_front.get("evaluation") == rows:
        return parsed, Edited(front.yaml, whole=True)
    made = edited(front.yaml, parsed.root, rows, front.line_end)
    if made is None or made.yaml == front.yaml:
        return parsed, made
    return parse(front.before + made.yaml + front.after + front.body, parsed.kind), made
