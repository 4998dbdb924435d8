"""What a benchmark on this computer found: speeds, times, memory, energy; each with its machine and how many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from forge_desktop.cards import footing
from forge_desktop.cards.filling.taken import Skipped, Taker
from forge_desktop.cards.records import Value

if TYPE_CHECKING:
    from forge_desktop.students.records_measure import Measurement

_SPREADS = {
    "prompt_speed": "tokens/s",
    "generation_speed": "tokens/s",
    "first_token": "ms",
    "latency": "ms",
}
_NEVER = "It was not measured on this computer: fill the card with measuring."
_UNKNOWN = "it was not measured"
_ENOUGH = 5  # prompts: a fill that runs out of time has as many


def to_show(found: Sequence[Measurement], build: str) -> Measurement | None:
    """Of all benchmarks of a version, the newest first, the one that its card shows: a small one never takes the place
    of a full one that is still true, a full one of this engine and computer is shown before any other.
    """
    machine = footing.machine()
    current = [one for one in found if (not build or one.build == build) and _machine(one) == machine]
    full = (one for one in current if is_full(one))
    return next(full, None) or next(iter(current), None) or next(iter(found), None)


def is_full(one: Measurement) -> bool:
    """Whether it asked as many prompts, of the length and with answers of the length, as a fill does."""
    usual, wish = type(one.wish)(), one.wish
    return (
        wish.prompts >= _ENOUGH
        and wish.prompt_tokens >= usual.prompt_tokens
        and wish.answer_tokens >= usual.answer_tokens
    )


def told(one: Measurement, take: Taker) -> Iterator[tuple[str, Value]]:
    """The fields that a measurement fills."""
    figures, about = one.figures, _about(one)
    for name, unit in _SPREADS.items():
        spread = _mapping(figures.get(name))
        if "p50" in spread:
            data = {key: spread[key] for key in ("p50", "p95") if key in spread}
            how = _lengths(one)
            yield name, _value(one, take, data, unit, n=spread.get("n"), p5=spread.get("p5"), how=how, **about)
    if figures.get("ram_bytes"):
        yield "memory_ram", _value(one, take, figures["ram_bytes"], "B", **about)
    if figures.get("vram_bytes"):
        driver = figures.get("vram_measured_bytes")
        yield "memory_vram", _value(one, take, figures["vram_bytes"], "B", by_driver=driver, **about)
    energy, tokens = figures.get("energy_joules"), _mapping(figures.get("energy")).get("tokens")
    if isinstance(energy, int | float) and isinstance(tokens, int) and tokens > 0:
        watt_hours = round(energy / 3600 * 1000 / tokens, 6)
        sources = _mapping(figures.get("energy")).get("sources")
        yield "energy_per_1k", _value(one, take, watt_hours, "Wh", tokens=tokens, meters=sources, **about)
    layers, of = figures.get("gpu_layers"), figures.get("layers")
    placed = f", {layers} of {of} layers on the GPU" if layers and of else ", no layer on a GPU"
    yield "backend", _value(one, take, f"llama.cpp on {one.device}{placed}", "")
    yield "hardware", _value(one, take, _hardware(one), "", **about)


def skipped(one: Measurement | None) -> Skipped:
    """What was not measured, and why."""
    names = (*_SPREADS, "memory_ram", "memory_vram", "energy_per_1k", "hardware")
    if one is None:
        return [(name, _NEVER) for name in names if name not in ("memory_vram", "energy_per_1k")]
    why = {str(what): str(said) for what, said in _mapping(one.figures.get("skipped")).items()}
    lacking: Skipped = []
    if not one.figures.get("vram_bytes"):
        lacking.append(("memory_vram", _reason(why, "vram", "no layer was on a GPU")))
    if one.figures.get("energy_joules") is None:
        lacking.append(("energy_per_1k", _reason(why, "energy", _UNKNOWN)))
    for name, figure in (*((name, name) for name in _SPREADS), ("memory_ram", "ram_bytes")):
        if not one.figures.get(figure):
            lacking.append((name, _reason(why, figure, _UNKNOWN)))
    return lacking


def _value(one: Measurement, take: Taker, data: object, unit: str, **more: Any) -> Value:
    machine = one.machine
    then = {
        "file": one.base_sha256,
        "adapter": one.adapter_sha256,
        "scale": f"{one.scale:g}" if one.adapter_sha256 else "",
        "build": one.build,
        "machine": _machine(one),
    }
    told = {"machine": _machine(one), "system": machine.get("system"), "device": one.device, "build": one.build}
    return take.value(data, "measurement", unit=unit, then=then, at=one.created, command=_command(one), **told, **more)


def _about(one: Measurement) -> dict[str, object]:
    """How it was measured: what makes two figures comparable."""
    figures, wish = one.figures, one.wish
    load = figures.get("load")
    return {
        "prompt_tokens": _mapping(figures.get("prompt_tokens")).get("p50", wish.prompt_tokens),
        "answer_tokens": _mapping(figures.get("answer_tokens")).get("p50", wish.answer_tokens),
        "context": figures.get("context"),
        "threads": figures.get("threads"),
        "gpu_layers": figures.get("gpu_layers"),
        "load": load,
    }


def _lengths(one: Measurement) -> str:
    """How long prompts and answers were, in words."""
    about = _about(one)
    lengths = f"With prompts of {about['prompt_tokens']:g} tokens and answers of {about['answer_tokens']:g}"
    return f"{lengths}." if is_full(one) else f"{lengths}: a small benchmark, measure it in full."


def _command(one: Measurement) -> str:
    wish = one.wish
    context = one.figures.get("context") or wish.context  # the plan's, too: elsewhere it would be another one
    return (
        f"forge-desktop measure {one.label} --prompts {wish.prompts} --prompt-tokens {wish.prompt_tokens}"
        f" --answer-tokens {wish.answer_tokens}{f' --context {context}' if context else ''} --seed {wish.seed}"
    )


def _machine(one: Measurement) -> str:
    machine = one.machine
    return footing.in_words(machine.get("cpu", "?"), machine.get("cores", "?"), machine.get("memory_bytes"))


def _hardware(one: Measurement) -> str:
    """What it was seen to run on, and what it needs there: no promise for other computers."""
    figures = one.figures
    needs = [
        f"{_size(figures.get(name))} of {where}"
        for name, where in (("ram_bytes", "memory"), ("vram_bytes", "GPU memory"))
        if figures.get(name)
    ]
    context = figures.get("context")
    at = f" at a context of {context:,} tokens" if isinstance(context, int) and context else ""
    gpus = one.machine.get("gpus")
    with_gpu = f" with {', '.join(map(str, gpus))}" if isinstance(gpus, list | tuple) and gpus else " without a GPU"
    return f"Needs {' and '.join(needs) or 'memory'}{at}; measured on {_machine(one)}{with_gpu}."


def _size(amount: object) -> str:
    """As other sizes are shown on a card: in powers of ten."""
    if not isinstance(amount, int | float):
        return "?"
    return f"{amount / 10**9:.2f} GB" if amount >= 10**9 else f"{amount / 10**6:.0f} MB"


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _reason(why: Mapping[str, str], about: str, else_said: str) -> str:
    """A sentence of all that is said about something, parts of it too ("energy_gpu")."""
    said = "; ".join(each.rstrip(".") for name, each in why.items() if name.startswith(about)) or else_said
    return f"{said[0].upper()}{said[1:]}."
