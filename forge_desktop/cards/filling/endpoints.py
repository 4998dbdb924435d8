"""What is known of an endpoint: what it is, its price, the limits that it told, its terms, and how its calls went."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forge_desktop.cards import footing
from forge_desktop.cards.filling.taken import Skipped, Taker, day, percentiles
from forge_desktop.cards.grounds import LIMITS, EndpointGrounds
from forge_desktop.cards.records import Kind, Source, Value
from forge_desktop.providers.addresses import on_this_computer

if TYPE_CHECKING:
    from forge_desktop.distill.records_pairs import Taught
    from forge_desktop.providers.records import Endpoint, Price
    from forge_desktop.providers.records_ledger import EndpointCalls
    from forge_desktop.students.rooms import Rooms

_PRICES = {
    "price_input": "input",
    "price_cached": "cached_input",
    "price_cache_write": "cache_write",
    "price_output": "output",
    "price_batch_input": "batch_input",
    "price_batch_output": "batch_output",
}
_EMBEDDER = frozenset(("price_input", "price_batch_input"))
_LIMITS = dict(zip(("requests_per_minute", "input_per_minute", "output_per_minute"), LIMITS, strict=True))
_VENDORS = {
    "openai": "OpenAI", "anthropic": "Anthropic", "google": "Google", "mistral": "Mistral AI", "deepseek": "DeepSeek",
    "groq": "Groq", "together": "Together AI", "fireworks": "Fireworks AI", "xai": "xAI", "cohere": "Cohere",
    "openrouter": "OpenRouter",
}  # fmt: skip
_TOGETHER = "Input and output are counted together."


def told(found: EndpointGrounds, kind: Kind, take: Taker, rooms: Rooms) -> Iterator[tuple[str, Value]]:
    """The fields that the endpoint, the price table and its answers' headers tell at once."""
    endpoint = found.endpoint
    yield from _named(endpoint, kind, take)
    yield from _sizes(endpoint, take, rooms)
    if found.price is not None:
        yield from _prices(found.price, found.price_model, kind, take)
    yield from _limits(found, take)
    then = {"model": found.terms_model}
    if endpoint.may_train != "unknown":
        yield "may_train", take.value(endpoint.may_train, "endpoint", "terms", then=then, terms=endpoint.terms_url)
    terms = {"address": endpoint.terms_url, "read on": endpoint.terms_checked, "outputs may train": endpoint.may_train}
    if endpoint.terms_url or endpoint.terms_checked:
        said = {name: each for name, each in terms.items() if each}
        yield "terms", take.value(said, "endpoint", "terms", then=then)


def asked(calls: EndpointCalls, taught: Taught, kind: Kind, take: Taker) -> Iterator[tuple[str, Value]]:
    """The fields that the ledger, the answers and the pairs tell, which takes longer with many of them."""
    span: dict[str, Any] = {
        "since": day(calls.since) if calls.since else "",
        "until": day(calls.until) if calls.until else "",
    }
    at = calls.until
    if calls.milliseconds:
        how = "Of the answers that were waited for; batches and tests are not among them."
        data, n = percentiles(calls.milliseconds), len(calls.milliseconds)
        yield "latency", take.value(data, "ledger", "endpoint", unit="ms", at=at, n=n, how=how, **span)
    if calls.first_token and kind == "teacher":
        data, n = percentiles(calls.first_token), len(calls.first_token)
        yield "first_token", take.value(data, "ledger", "endpoint", unit="ms", at=at, n=n, **span)
    if calls.tokens_a_second and kind == "teacher":
        data, n = percentiles(calls.tokens_a_second), len(calls.tokens_a_second)
        how = "Tokens that were billed as output, by the time from the first of them to the end."
        yield "generation_speed", take.value(data, "ledger", "endpoint", unit="tokens/s", at=at, n=n, how=how, **span)
    if calls.over:
        share = round(100 * calls.failed / calls.over, 3)
        yield "error_rate", take.value(share, "ledger", "endpoint", unit="%", at=at, n=calls.over, **span)
    if kind == "teacher" and taught.pairs:
        yield "evaluation", take.value([_kept(taught)], "ledger", "endpoint", n=taught.pairs)


def paid(calls: EndpointCalls, taught: Taught, at_price: str, kind: Kind, take: Taker) -> Iterator[tuple[str, Value]]:
    """What was really paid, at one price: `at_price` is that one as a footing. `taught` are the pairs since then."""
    at, then = calls.until, {"prices": at_price}
    span: dict[str, Any] = {"until": day(calls.until) if calls.until else ""}
    tokens = calls.input_tokens + calls.output_tokens
    if tokens and calls.paid:
        each = (2000 * calls.cost + tokens) // (2 * tokens)  # rounded half up
        detail: dict[str, Any] = {
            "n": calls.paid,
            "input": calls.input_tokens,
            "output": calls.output_tokens,
            "total": calls.cost,
        }
        yield "cost_per_1k", take.value(each, "ledger", "endpoint", then=then, unit="USD", at=at, **detail, **span)
    if kind == "teacher" and taught.accepted:
        how = "All that its pairs cost, also of those that were not kept."
        each = -(-taught.cost // taught.accepted)
        yield (
            "cost_per_pair",
            take.value(
                each, "ledger", "endpoint", then=then, unit="USD", n=taught.accepted, total=taught.cost, how=how
            ),
        )


def skipped(found: EndpointGrounds, kind: Kind, values: dict[str, Value]) -> Skipped:
    """What could not be known, and why; for the fields that its card has."""
    name = found.endpoint.name
    why = {
        "price_input": f"The price of {name} is in no table: type it in.",
        "price_output": f"The price of {name} is in no table: type it in.",
        "requests_per_minute": f"{name} has told no limit of requests a minute in its answers' headers.",
        "input_per_minute": f"{name} has told no limit of input tokens a minute in its answers' headers.",
        "output_per_minute": f"{name} has told no limit of output tokens a minute in its answers' headers.",
        "context": f"Neither a person nor the price table says how long a prompt {name} takes.",
        "max_output": f"Neither a person nor the price table says how long an answer of {name} can be.",
        "may_train": f"Nobody has said whether outputs of {name} may train a model: read its terms.",
        "latency": f"No answer of {name} has been waited for yet but in tests, which do not count.",
        "first_token": f"No answer of {name} came in pieces, so that its first token could be timed.",
        "generation_speed": f"No answer of {name} of 8 tokens or more came in pieces, so that it could be timed.",
        "error_rate": f"{name} has not been called yet but in tests, which do not count.",
        "cost_per_1k": f"Nothing was paid to {name} yet but for tests, which do not count.",
        "cost_per_pair": f"No pair that {name} taught was kept yet.",
        "evaluation": f"No pair of {name} was judged yet, and no suite measures an endpoint.",
        "licence": f"The terms of {name} stand for a licence, and no header tells it: write it by hand.",
        "released": f"{name} does not tell when its model was released.",
        "dimensions": f"{name} has not embedded anything here yet.",
    }
    if kind == "embedder":
        why["evaluation"] = "Which passages an embedder finds is compared by a gate of retrieval, for a suite."
        for other in (
            "price_output",
            "output_per_minute",
            "max_output",
            "first_token",
            "generation_speed",
            "cost_per_pair",
        ):
            why.pop(other)
    else:
        why.pop("dimensions")
    return [(field, said) for field, said in why.items() if field not in values]


def _named(endpoint: Endpoint, kind: Kind, take: Taker) -> Iterator[tuple[str, Value]]:
    host = urllib.parse.urlsplit(endpoint.url).hostname or endpoint.url
    embeds = kind == "embedder"
    here = on_this_computer(endpoint.url)
    yield "name", take.value(endpoint.name, "endpoint")
    yield "version", take.value(endpoint.model, "endpoint", "endpoint")
    by = _VENDORS.get(endpoint.vendor)
    yield "provider", take.value(by or ("This computer" if here else host), "endpoint", "endpoint", host=host)
    yield "task", take.value("feature-extraction" if embeds else "text-generation", "endpoint", wire=endpoint.wire)
    yield "inputs", take.value(["text"], "endpoint", how="What this program sends it.")
    yield "outputs", take.value(["vector" if embeds else "text"], "endpoint", how="What this program asks it for.")
    yield "location", take.value(endpoint.url, "endpoint", "endpoint")
    where = f"It runs on this computer, served at {host}." if here else f"None here: it runs at {host}."
    yield "hardware", take.value(where, "endpoint", "endpoint")


def _sizes(endpoint: Endpoint, take: Taker, rooms: Rooms) -> Iterator[tuple[str, Value]]:
    facts = rooms.providers.prices.facts(endpoint.vendor, endpoint.price_model or endpoint.model)
    for field, own, known in (
        ("context", endpoint.context, facts.context if facts else 0),
        ("max_output", endpoint.max_output, facts.max_output if facts else 0),
    ):
        if own:
            yield field, take.value(own, "endpoint", "endpoint", unit="tokens", how="Set with the endpoint.")
        elif known:
            yield field, take.value(known, "price table", "endpoint", "prices", unit="tokens")


def _prices(price: Price, model: str, kind: Kind, take: Taker) -> Iterator[tuple[str, Value]]:
    tiers = [f"{getattr(rates, 'input', 0)} from {above:,} tokens on" for above, rates in price.tiers]
    for field, name in _PRICES.items():
        amount = getattr(price.rates, name)
        if amount is None or (kind == "embedder" and field not in _EMBEDDER):
            continue
        more = {"request": price.rates.request or None} if field == "price_input" else {}
        detail: dict[str, Any] = {"from": price.source, "checked": price.checked, "sha256": price.sha256, **more}
        if field == "price_input" and tiers:
            detail["tiers"] = f"In micro-dollars a million: {', '.join(tiers)}."
        source: Source = "endpoint" if price.source == "by hand" else "price table"
        typed = {"model": model} if model else {}
        yield field, take.value(amount, source, "prices", unit="USD", then=typed, **detail)


def _limits(found: EndpointGrounds, take: Taker) -> Iterator[tuple[str, Value]]:
    """The limit in force: the lower of what its headers told and what a person set, with both of them."""
    for field, name in _LIMITS.items():
        limit = found.limit(name)
        if not limit.in_force:
            continue
        source: Source = "headers" if limit.in_force == limit.told else "endpoint"
        how = "" if limit.told else "Set with the endpoint."
        detail: dict[str, Any] = {"seen": found.limits_on} if limit.told else {}
        if limit.told and limit.own:
            how = f"Its answers' headers told {limit.told:,}, {limit.own:,} is set here: the lower one holds."
            detail |= {"told by headers": limit.told, "set here": limit.own}
        together = _TOGETHER if limit.together and source == "headers" else ""
        detail["how"] = f"{how} {together}".strip()
        yield field, take.value(limit.in_force, source, "endpoint", footing.of_limit(name), **detail)


def _kept(taught: Taught) -> dict[str, object]:
    """How often what it taught could be used: no benchmark, but what was seen of it here."""
    return {
        "task": "text-generation",
        "dataset": "tasks of this computer",
        "metric": "accepted",
        "value": round(taught.accepted / taught.pairs, 4),
        "unit": "share",
        "n": taught.pairs,
        "less_is_better": False,
        "config": f"by rules, {taught.reviewed} of them looked at by a person",
        "source": "lessons that it taught here",
        "verified": False,
    }
