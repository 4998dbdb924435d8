"""Endpoints as a person fills them in: plain words and numbers in, plain words out, each fault with its field."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.providers.addresses import checked_url, is_loopback, is_private
from forge_desktop.providers.checking import checked, trains
from forge_desktop.providers.money import exact, parse_usd
from forge_desktop.providers.records import Endpoint, EndpointTest, Rates, Role, Terms
from forge_desktop.providers.vendors import wire_of
from forge_desktop.students.desk_words import KEY_WORDS, PRESETS, Preset, host_in, price_words, spelled

if TYPE_CHECKING:
    from forge_desktop.providers import Providers

__all__ = ["Desk", "EndpointForm", "EndpointTest", "EndpointView", "Preset"]

# Checked one after the other on an endpoint that is sound but for it: so a fault is known by its field.
_CHECKED = ("name", "model", "wire", "roles", "priority", "context", "max_output", "rpm", "input_tpm", "output_tpm")
_TERMS = ("may_train", "terms_url", "terms_checked")
_THEN_CHECKED = ("concurrency", *_TERMS)
_MILLION_DOLLARS = 10**12


@dataclass(frozen=True)
class EndpointForm:
    """What is typed. `uid` is "" for a new one. Prices are dollars for a million tokens as text; all of them "" leaves
    the price table's. `host` is the host typed once more where that is needed.
    """

    uid: str = ""
    name: str = ""
    url: str = ""
    model: str = ""
    wire: str = "openai"
    roles: tuple[Role, ...] = ("answer", "critique", "judge")
    priority: int = 1
    enabled: bool = True
    context: int = 0
    max_output: int = 0
    rpm: int = 0
    input_tpm: int = 0
    output_tpm: int = 0
    concurrency: int = 0
    may_train: Terms = "unknown"
    terms_url: str = ""
    terms_checked: str = ""
    host: str = ""
    price_input: str = ""
    price_output: str = ""
    price_cached: str = ""
    price_since: str = ""


@dataclass(frozen=True)
class EndpointView:
    """An endpoint as it is kept, in words. `key` says where its key is, `blocked` why it is not asked for a while,
    `problem` what keeps it from being asked at all.
    """

    form: EndpointForm
    host: str
    leaves: bool
    key: str
    has_key: bool
    price: str
    price_by_hand: bool
    blocked: str
    problem: str


class Desk:
    """Between a form and the room. Raises FieldError for what belongs to a field, ForgeError for the rest."""

    presets: Sequence[Preset] = PRESETS

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def views(self) -> list[EndpointView]:
        """All endpoints, by priority, then by name."""
        every = self._providers.endpoints.list()
        ordered = sorted(every, key=lambda endpoint: (endpoint.priority, endpoint.name.casefold()))
        return [self._view(endpoint) for endpoint in ordered]

    @staticmethod
    def blank(**values: Any) -> EndpointForm:
        """A form to begin with."""
        return EndpointForm(**values)

    def keyring(self) -> str:
        """The keyring that keeps keys here; "" where none can be trusted."""
        return self._providers.keys.name()

    def table_price(self, form: EndpointForm) -> str:
        """What the price table says of this form's model, in words; "" where it does not know it."""
        drafted = self._providers.endpoints.draft(form.name, form.url, form.model)
        price = self._providers.prices.known(drafted.vendor, form.model.strip())
        return price_words(price) if price is not None else ""

    def table_facts(self, form: EndpointForm) -> tuple[int, int]:
        """Context and longest answer of this form's model by the price table; 0 where it does not know them."""
        drafted = self._providers.endpoints.draft(form.name, form.url, form.model)
        facts = self._providers.prices.facts(drafted.vendor, form.model.strip())
        return (facts.context, facts.max_output) if facts is not None else (0, 0)

    def needs_host(self, url: str) -> str:
        """The host to be typed once more before texts go there readable through the network, or ""."""
        host = host_in(url)
        plain = url.strip().casefold().startswith("http:")
        return host if plain and host and is_private(host) and not is_loopback(host) else ""

    def spelled(self, url: str) -> str:
        """The name by which a host with letters beyond English ones is really reached, as in "xn--…"; else ""."""
        return spelled(host_in(url))

    def wire_at(self, url: str) -> str:
        """The wire format that is spoken at an address, as far as addresses tell."""
        return wire_of(url)

    def save(self, form: EndpointForm, key: str = "", *, no_key: bool = False) -> EndpointView:
        """Keep a new endpoint, or changes of one, with its key and price; nothing where anything is wrong."""
        before = self._providers.endpoints.get(form.uid) if form.uid else None
        with_key = bool(key) or (before is not None and before.key != "none" and not no_key)
        rates = _rates(form)
        self._check(form, with_key=with_key)
        if rates is not None:
            self._check_day(form, before)
        fields = {field: getattr(form, field) for field in _KEPT}
        endpoints = self._providers.endpoints
        try:
            if before is None:
                kept = endpoints.add(endpoints.draft(form.name, form.url, form.model, **fields), key or None)
            else:
                fields |= {"name": form.name, "url": form.url, "model": form.model}
                drafted = endpoints.draft(form.name, form.url, form.model)
                fields["vendor"] = drafted.vendor
                for field in _TERMS:  # a form holds them all: what nobody touched was not said anew
                    if fields[field] == getattr(before, field):
                        del fields[field]
                kept = endpoints.change(before.uid, key=key or None, no_key=no_key and not key, **fields)
        except ForgeError as error:
            raise FieldError("key", error) from error  # all else was checked
        if rates is not None:
            self._price(kept, rates, form)
        return self._view(kept)

    def remove(self, uid: str) -> None:
        """Take an endpoint out, and its key."""
        self._providers.endpoints.remove(uid)

    def reset(self, uid: str) -> None:
        """Ask an endpoint again that had been left alone because it kept failing."""
        self._providers.router.reset(uid)

    def test(self, uid: str) -> EndpointTest:
        """One tiny paid question."""
        return self._providers.test(uid)

    def models(self, form: EndpointForm, key: str = "") -> list[str]:
        """The models that the server at this address lists. Raises ForgeError."""
        drafted = self._drafted(form)
        return sorted(self._providers.models(drafted, key), key=str.casefold)

    def _check(self, form: EndpointForm, *, with_key: bool) -> None:
        try:
            checked_url(form.url, with_key=with_key, typed_host=form.host)
        except ForgeError as error:
            away = self.needs_host(form.url) and not with_key
            raise FieldError("host" if away else "url", error) from error
        if not form.roles:
            raise FieldError("roles", ForgeError("It needs a role.", hint="Tick what it is for, one thing at least."))
        name = form.name.strip() or "This endpoint"
        sound = Endpoint(uid=form.uid or "new", name=name, url=form.url, model=form.model.strip() or "its model")
        for field in (*_CHECKED, *_THEN_CHECKED):
            others = [one for one in self._providers.endpoints.list() if field == "name"]
            try:
                checked(dataclasses.replace(sound, **{field: getattr(form, field)}), others)
            except ForgeError as error:
                raise FieldError(field, error) from error

    def _drafted(self, form: EndpointForm) -> Endpoint:
        """The endpoint as typed, for what is asked before it is kept; a known one's key may be used for its server."""
        known = self._providers.endpoints.get(form.uid) if form.uid else None
        if known is not None:
            return dataclasses.replace(known, url=form.url.strip(), wire=form.wire, host=form.host)
        return self._providers.endpoints.draft(form.name, form.url, form.model, wire=form.wire, host=form.host)

    def _price(self, endpoint: Endpoint, rates: Rates, form: EndpointForm) -> None:
        history = self._providers.prices.history(endpoint)
        if history and history[0][0] == rates and form.price_since in ("", history[0][1]):
            return
        try:
            self._providers.prices.set(endpoint, rates, form.price_since)
        except ForgeError as error:
            raise FieldError("price_since", error) from error

    def _check_day(self, form: EndpointForm, before: Endpoint | None) -> None:
        drafted = self._providers.endpoints.draft(form.name, form.url, form.model)
        priced = drafted if before is None else dataclasses.replace(before, model=form.model, vendor=drafted.vendor)
        try:
            self._providers.prices.day(priced, form.price_since)
        except ForgeError as error:
            raise FieldError("price_since", error) from error

    def _view(self, endpoint: Endpoint) -> EndpointView:
        price = self._providers.prices.of(endpoint)
        by_hand = price is not None and price.source == "by hand"
        host = host_in(endpoint.url)
        kept: dict[str, Any] = {field: getattr(endpoint, field) for field in (*_KEPT, "uid", "name", "url", "model")}
        if by_hand and price is not None:
            kept |= _typed(price.rates, price.checked)
        problem = "" if endpoint.enabled else "It is switched off."
        if price is None:
            problem = problem or "Nothing is known of what it costs, so it is not asked: type its price in."
        problem = problem or trains(endpoint)
        return EndpointView(
            form=EndpointForm(**kept),
            host=f"{host} ({plain})" if (plain := spelled(host)) else host,
            leaves=not is_loopback(host),
            key=KEY_WORDS[endpoint.key].format(variable=endpoint.key_variable),
            has_key=endpoint.key != "none",
            price=price_words(price, self._providers.prices.to_come(endpoint)) if price is not None else "",
            price_by_hand=by_hand,
            blocked=self._providers.router.blocked(endpoint.uid),
            problem=problem,
        )


_KEPT = tuple(
    field.name
    for field in dataclasses.fields(EndpointForm)
    if field.name not in ("uid", "name", "url", "model") and not field.name.startswith("price_")
)


def _typed(rates: Rates, since: str) -> dict[str, str]:
    cached = "" if rates.cached_input is None else exact(rates.cached_input)
    return {
        "price_input": exact(rates.input),
        "price_output": exact(rates.output),
        "price_cached": cached,
        "price_since": since,
    }


def _rates(form: EndpointForm) -> Rates | None:
    """The price typed in; None where none was. Raises FieldError."""
    texts = {field: str(getattr(form, field)).strip() for field in ("price_input", "price_output", "price_cached")}
    if not any(texts.values()):
        return None
    if "embedder" in form.roles and not texts["price_output"]:
        texts["price_output"] = "0"
    amounts: dict[str, int | None] = {}
    for field, text in texts.items():
        if not text:
            if field != "price_cached":
                raise FieldError(field, ForgeError("This price is missing.", hint="0 where it costs nothing."))
            amounts[field] = None
            continue
        try:
            amounts[field] = parse_usd(text)
        except ForgeError as error:
            raise FieldError(field, error) from error
        if (amounts[field] or 0) > _MILLION_DOLLARS:
            raise FieldError(field, ForgeError("More than a million dollars a million tokens cannot be meant."))
    return Rates(amounts["price_input"] or 0, amounts["price_output"] or 0, amounts["price_cached"])
