"""The table of costs: what one search, 1,000 tokens, a kept pair, a GB cost, and how each is reckoned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from forge_desktop.cards.comparing import costs
from forge_desktop.cards.comparing.cost_reasons import Reasons, missing_of, of_computer
from forge_desktop.cards.comparing.money_words import micro, shown
from forge_desktop.cards.comparing.records import Capability, CapabilityGroup, CostInputs
from forge_desktop.cards.comparing.surroundings import Surroundings
from forge_desktop.cards.numbers import number, seconds
from forge_desktop.cards.records import Card
from forge_desktop.cards.taking import day, take, the_value

_THOUSAND, _MILLION, _GB = 1000, 1_000_000, 10**9
_FEW_PASSAGES = 100  # a run of fewer is mostly its own beginning and end, and says nothing of a thousand
_LOOP: CapabilityGroup = "distillation loop"


def capabilities(cards: Sequence[Card], around: Surroundings, inputs: CostInputs) -> tuple[Capability, ...]:
    """Every row of the table. What is not known stands there too, with what to do."""
    table = _Table(around, inputs)
    rows = [*table.retrieval(cards)]
    for card in cards:
        if card.kind in ("student", "adapter"):
            rows += table.local(card)
    for card in cards:
        if card.kind == "teacher":
            rows += table.api(card)
    return (*rows, *table.loop(cards), *table.storage(cards))


class _Table:
    def __init__(self, around: Surroundings, inputs: CostInputs) -> None:
        self._around, self._inputs = around, inputs

    # ---- retrieval ----

    def retrieval(self, cards: Sequence[Card]) -> Iterator[Capability]:
        """Indexing and searching on this computer; embedding by an endpoint."""
        speed = self._around.indexing
        if speed is None:
            yield self._unknown(
                "retrieval", "index", "Indexing 1,000 passages", "Not measured: index a folder, and this is told by it."
            )
        elif speed.passages < _FEW_PASSAGES:
            stored = _counted(speed.passages, "passage")
            few = f"Not told: the largest of the last index runs stored {stored}, too few to tell."
            yield self._unknown("retrieval", "index", "Indexing 1,000 passages", f"{few} Index a larger folder.")
        else:
            each = Fraction(str(speed.seconds)) / speed.passages * _THOUSAND
            spent = costs.working(each, self._inputs)
            took = f"{speed.passages:,} passages took {seconds(Fraction(str(speed.seconds)))}"
            how = f"{took}, so 1,000 take {seconds(each)}; {of_computer(spent, self._inputs)}."
            rests = (f"An index run of {day(speed.ended)}, with the built-in vectors.",)
            yield self._row("retrieval", "index", "Indexing 1,000 passages", spent.total, how, rests)
        found = self._around.searched
        if found is None:
            yield self._unknown("retrieval", "search", "A search", "Not measured: there is no document to search in.")
        else:
            spent = costs.working(found.seconds, self._inputs)
            how = f"A search took {seconds(found.seconds)}; {of_computer(spent, self._inputs)}."
            among = f"The median of {found.searches} searches among {found.passages:,} passages"
            rests = (f"{among}, made for this on {day(self._around.at)}, with the built-in vectors.",)
            yield self._row("retrieval", "search", "A search", spent.total, how, rests)
        for card in cards:
            if card.kind == "embedder":
                yield self._embedding(card)

    def _embedding(self, card: Card) -> Capability:
        if card.uid in self._around.local and (here := self._embedding_here(card)) is not None:
            return here
        title, price = "Embedding 1,000 passages", take(card, "price_input")
        if price is None:
            return self._unknown("retrieval", "embed", title, missing_of(card, "price_input"), card)
        length = self._around.passage_tokens
        amount = price.amount * length * _THOUSAND / _MILLION
        how = f"1,000 passages of about {length} tokens at {self._money(price.amount)} a million tokens."
        return self._row("retrieval", "embed", title, amount, how, Reasons().add("Price", price), card)

    def _embedding_here(self, card: Card) -> Capability | None:
        """By the time of a text that was measured here; None where it was not."""
        value, took = the_value(card, "latency"), take(card, "latency")
        if value is None or took is None or value.source != "measurement":
            return None
        spent = costs.working(took.amount, self._inputs)  # milliseconds of one are seconds of a thousand
        told = str(value.detail.get("how", "")).rstrip(".")
        how = f"{f'{told}: ' if told else ''}{seconds(spent.seconds)}; {of_computer(spent, self._inputs)}."
        reasons = Reasons().add("A text", took, "ms")
        return self._row("retrieval", "embed", "Embedding 1,000 texts", spent.total, how, reasons, card)

    # ---- generation ----

    def local(self, card: Card) -> Iterator[Capability]:
        """What 1,000 tokens cost with a model on this computer."""
        speed = costs.speed_of(card)
        for key, title, read, written in self._thousands():
            if speed is None:
                yield self._unknown("local generation", key, title, missing_of(card, "generation_speed"), card)
                continue
            spent = costs.generating(read, written, speed, self._inputs)
            reasons = Reasons().add("Reading", speed.read if read else None, "tokens/s")
            reasons = reasons.add("Writing", speed.write if written else None, "tokens/s")
            how = f"{seconds(spent.seconds)} of computing; {of_computer(spent, self._inputs)}."
            if costs.rests_on_energy(speed, self._inputs):
                reasons = reasons.add("Energy", speed.energy, "Wh for 1,000 tokens")
                how += " Electricity by the energy that was measured, which is the processor's or the GPU's alone."
            yield self._row("local generation", key, title, spent.total, how, reasons, card)

    def api(self, card: Card) -> Iterator[Capability]:
        """What 1,000 tokens cost with an endpoint, by its prices and as they were really paid."""
        prices = costs.prices_of(card)
        for key, title, read, written in self._thousands():
            if prices is None:
                yield self._unknown("API generation", key, title, missing_of(card, "price_input"), card)
                continue
            amount = costs.paying(read, written, prices, self._inputs)
            reasons = Reasons().add("Price of input", prices.input if read else None)
            reasons = reasons.add("Price of output", prices.output if written else None)
            parts = [f"{self._money(prices.input.amount)} in"] if read else []
            said = ", ".join(parts + ([f"{self._money(prices.output.amount)} out"] if written else []))
            if self._inputs.cached and read:
                cached = prices.cached
                reasons = reasons if cached is None else reasons.add("Price of cached input", cached)
                at = self._money(cached.amount) if cached is not None else "the price of input, as there is no other"
                said += f", {self._inputs.cached} % of the input cached at {at}"
            yield self._row("API generation", key, title, amount, f"{said}, for a million tokens.", reasons, card)
        yield self._paid(card)

    def _paid(self, card: Card) -> Capability:
        title, paid = "1,000 tokens as really paid", take(card, "cost_per_1k")
        if paid is None:
            return self._unknown("API generation", "paid", title, missing_of(card, "cost_per_1k"), card)
        how = "What was settled in the ledger, by the tokens that were billed."
        return self._row("API generation", "paid", title, paid.amount, how, Reasons().add("Paid", paid), card)

    def _thousands(self) -> Iterator[tuple[str, str, Fraction, Fraction]]:
        thousand, none = Fraction(_THOUSAND), Fraction(0)
        ratio = number(self._inputs.input_per_output)
        yield "read", "1,000 tokens read", thousand, none
        yield "written", "1,000 tokens written", none, thousand
        yield "mix", f"1,000 tokens, {ratio} read for each written", *costs.mix(self._inputs)

    # ---- the loop ----

    def loop(self, cards: Sequence[Card]) -> Iterator[Capability]:
        """Lessons, by what runs cost; training, by the run log of each adapter."""
        paid = self._around.paid
        if paid is None:
            do = "Not measured: no run with a teacher has ended yet."
            yield self._unknown(_LOOP, "run", "A run of lessons", do)
            yield self._unknown(_LOOP, "pair", "A kept pair", do)
        else:
            runs = "one run" if paid.runs == 1 else f"{paid.runs:,} runs"
            rests = (f"The ledger: the last {runs} up to {day(paid.at)}.",)
            settled = f"{self._money(paid.settled)} settled in {runs}"
            each = Fraction(paid.settled, paid.runs)
            yield self._row(_LOOP, "run", "A run of lessons", each, f"{settled}, the mean of them.", rests)
            if paid.pairs:
                of_pair = Fraction(paid.settled, paid.pairs)
                yield self._row(
                    _LOOP, "pair", "A kept pair", of_pair, f"{settled} that kept {paid.pairs:,} pairs.", rests
                )
            else:
                yield self._unknown(_LOOP, "pair", "A kept pair", "The runs that were paid kept no pair.")
        for card in cards:
            if card.kind == "adapter":
                yield from self._adapter(card)

    def _adapter(self, card: Card) -> Iterator[Capability]:
        took, money, energy = (take(card, name) for name in ("training_time", "training_cost", "training_energy"))
        pair = take(card, "cost_per_pair")
        if pair is not None:
            how = "What its teachers were paid, by the pairs that it learnt from."
            yield self._row(_LOOP, "pair", "A kept pair of it", pair.amount, how, Reasons().add("Paid", pair), card)
        title = "Training it"
        if took is None:
            yield self._unknown(_LOOP, "training", title, missing_of(card, "training_time"), card)
            return
        spent = costs.working(took.amount, self._inputs)
        reasons = Reasons().add("Training", took, "s").add("Energy", energy, "kWh")
        power = spent.power if energy is None else energy.amount * self._inputs.electricity
        how = (
            f"{seconds(took.amount)} of computing: {self._money(spent.machine)} for the computer and"
            f" {self._money(power)} for electricity."
        )
        yield self._row(_LOOP, "training", title, spent.machine + power, how, reasons, card)
        if money is not None:
            whole = spent.machine + power + money.amount
            how = f"{self._money(money.amount)} for teachers, {self._money(spent.machine + power)} for training."
            yield self._row(_LOOP, "all", "Its whole loop", whole, how, reasons.add("Teachers", money), card)
        else:
            yield self._unknown(_LOOP, "all", "Its whole loop", missing_of(card, "training_cost"), card)

    # ---- storage ----

    def storage(self, cards: Sequence[Card]) -> Iterator[Capability]:
        """What lies on the disk, at the price of a GB."""
        around, disk = self._around, self._inputs.disk
        looked = f"Looked at on {day(around.at)}."
        bases, adapters = around.bases, around.adapters
        for key, title, size in (
            ("database", "The database", around.database),
            ("models", _counted(bases[0], "model"), bases[1]),
            ("adapters", _counted(adapters[0], "adapter"), adapters[1]),
        ):
            yield self._row("storage", key, title, Fraction(size * disk, _GB), self._of_disk(size), (looked,))
        for card in cards:
            field = "adapter_bytes" if card.kind == "adapter" else "file_bytes"
            if card.kind in ("student", "adapter") and (size_of := take(card, field)) is not None:
                size = int(size_of.amount)
                amount = size_of.amount * disk / _GB
                reasons = Reasons().add("Size", size_of, "bytes")
                yield self._row("storage", "card", "Its file", amount, self._of_disk(size), reasons, card)

    def _of_disk(self, size: int) -> str:
        of = f"{number(Fraction(size, _GB), 2)} GB" if size >= _GB else f"{number(Fraction(size, 10**6), 1)} MB"
        return f"{of} at {self._money(self._inputs.disk)} a GB, paid once."

    # ---- rows ----

    def _row(
        self,
        group: CapabilityGroup,
        key: str,
        title: str,
        amount: Fraction,
        how: str,
        rests: Reasons | tuple[str, ...],
        card: Card | None = None,
    ) -> Capability:
        reasons = rests if isinstance(rests, Reasons) else Reasons(rests)
        return Capability(
            group,
            key,
            title,
            card.uid if card else "",
            card.label or card.name if card else "",
            micro(amount),
            self._money(amount),
            how,
            reasons.sentences,
            reasons.stale,
            exact=amount,
        )

    def _unknown(
        self, group: CapabilityGroup, key: str, title: str, missing: str, card: Card | None = None
    ) -> Capability:
        label = card.label or card.name if card else ""
        return Capability(group, key, title, card.uid if card else "", label, None, "not measured", missing=missing)

    def _money(self, amount: Fraction | int) -> str:
        return shown(amount, self._inputs)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
