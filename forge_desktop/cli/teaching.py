"""The verbs `teachers` and `offline`: endpoints listed, added, changed, priced, tested, removed; the switch."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import parse_usd
from forge_desktop.cli.output import Output
from forge_desktop.cli.teaching_words import facts, in_words, price_facts, price_in_words, rates_in_words, table_facts
from forge_desktop.forge import Forge

_FACTS = (
    *("wire", "roles", "priority", "host", "may_train", "terms_url", "vendor", "price_model"),
    *("context", "max_output", "rpm", "input_tpm", "output_tpm", "concurrency"),
)
_PRICES = {
    "price_in": "input",
    "price_out": "output",
    "price_cached": "cached_input",
    "price_write": "cache_write",
    "price_batch_in": "batch_input",
    "price_batch_out": "batch_output",
}


def teachers(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do one step; without one, list them."""
    return _STEPS[options.step or "list"](forge, options, out)


def offline(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Turn the switch where asked, and say how it stands."""
    if options.state:
        forge.settings.change(offline=options.state == "on")
    state = forge.settings.values.offline
    out.result({"offline": state})
    out.line("Offline: no connection is made." if state else "Not offline: endpoints may be asked.")
    return 0


def _list(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    providers = forge.providers
    every = sorted(providers.endpoints.list(), key=lambda one: (one.priority, one.name.casefold()))
    out.result(
        {
            "teachers": [facts(providers, one) for one in every],
            "keyring": providers.keys.name(),
            "prices": table_facts(providers),
            "offline": forge.settings.values.offline,
        }
    )
    for one in every:
        for line in in_words(providers, one):
            out.line(line)
    if not every:
        out.line("There is none. `forge-desktop teachers add` adds one.")
    return 0


def _add(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    providers = forge.providers
    rates = _rates(forge, options)
    given = _given(options)
    draft = providers.endpoints.draft(options.name, options.url, options.model, **given)
    listed = providers.prices.of(draft)
    if rates is None and listed is None:
        raise ForgeError(
            f"The price of {options.model} is not known.",
            hint="Type it in with --price-in and --price-out, in dollars a million tokens; 0 for a server of your own.",
        )
    known = providers.prices.facts(draft.vendor, draft.price_model or draft.model)
    if known is not None:
        given = {"context": known.context, "max_output": known.max_output, **given}
        draft = providers.endpoints.draft(options.name, options.url, options.model, **given)
    key = _typed_key(options, f"Key of {options.name}: ")
    made = providers.endpoints.add(draft, key, key_env=options.key_env or "")
    if rates is not None:
        providers.prices.set(made, rates)
    return _shown(forge, made.uid, out, ends=known.ends if known else "")


def _change(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    endpoints = forge.providers.endpoints
    found = endpoints.get(options.name)
    fields = _given(options)
    for option, field in (("new_name", "name"), ("url", "url"), ("model", "model"), ("enabled", "enabled")):
        if (value := getattr(options, option)) is not None:
            fields[field] = value
    if "url" in fields:
        fresh = endpoints.draft(found.name, fields["url"], found.model)
        fields = {"vendor": fresh.vendor, **fields}
    if not fields and not options.key_env and not options.no_key:
        key = _typed_key(options, f"New key of {found.name}: ")
        endpoints.change(found.uid, key=key)
    else:
        endpoints.change(found.uid, key_env=options.key_env or "", no_key=options.no_key, **fields)
    return _shown(forge, found.uid, out)


def _price(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    prices = forge.providers.prices
    found = forge.providers.endpoints.get(options.name)
    if (rates := _rates(forge, options)) is not None:
        prices.set(found, rates, options.since.isoformat() if options.since else "")
    elif options.since is not None:
        raise ForgeError("A day needs its price.", hint="Give --price-in and --price-out too.")
    price = prices.of(found)
    out.result(
        {
            "teacher": found.name,
            "price": price_facts(price),
            "by_hand": [{"since": since, **(price_facts(rates) or {})} for rates, since in prices.history(found)],
        }
    )
    out.line(f"{found.name}: {price_in_words(price)}")
    for rates, since in prices.to_come(found):
        out.line(f"From {since}: {rates_in_words(rates)} a million tokens")
    return 0


def _test(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = forge.providers.endpoints.get(options.name)
    test = forge.providers.test(found.uid)
    out.result({"teacher": found.name, "ok": test.ok, "message": test.message, "hint": test.hint, "text": test.text})
    out.line(test.message)
    if test.hint:
        out.note(test.hint)
    return 0 if test.ok else 1


def _reset(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = forge.providers.endpoints.get(options.name)
    forge.providers.router.reset(found.uid)
    return _shown(forge, found.uid, out)


def _remove(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = forge.providers.endpoints.get(options.name)
    forge.providers.endpoints.remove(found.uid)
    out.result({"removed": found.name})
    out.line(f"{found.name} is removed and its key forgotten. What it cost stays in the ledger.")
    return 0


_STEPS = {
    "list": _list,
    "add": _add,
    "change": _change,
    "price": _price,
    "test": _test,
    "reset": _reset,
    "remove": _remove,
}


def _shown(forge: Forge, uid: str, out: Output, *, ends: str = "") -> int:
    """The endpoint as it is kept now, with what should be known of it."""
    providers = forge.providers
    found = providers.endpoints.get(uid)
    notes = []
    if found.key == "memory":
        notes.append(f"{providers.keys.problem} The key is forgotten when this command ends; use --key-env.")
    elif found.key == "variable":
        notes.append(f"{providers.keys.problem} The key is read from {found.key_variable} each time.")
    if found.may_train == "unknown" and set(found.roles) & {"answer", "critique", "judge"}:
        notes.append("Whether its answers may train a model is not known: look into its terms, then say --may-train.")
    if ends:
        notes.append(f"The price table says that this model ends on {ends}.")
    out.result({"teacher": facts(providers, found), "notes": notes})
    for line in in_words(providers, found):
        out.line(line)
    for note in notes:
        out.note(note)
    return 0


def _given(options: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in _FACTS if (value := getattr(options, name)) is not None}


def _rates(forge: Forge, options: argparse.Namespace) -> Any:
    """The prices on the command line, None where there are none."""
    given = {field: parse_usd(text) for name, field in _PRICES.items() if (text := getattr(options, name)) is not None}
    if not given:
        return None
    if getattr(options, "roles", None) == ("embedder",):
        given.setdefault("output", 0)
    if not {"input", "output"} <= set(given):
        raise ForgeError("A price needs both --price-in and --price-out.", hint="In dollars a million tokens.")
    return forge.providers.prices.rates(**given)


def _typed_key(options: argparse.Namespace, prompt: str) -> str | None:
    """The key from a prompt that does not show it, where a person sits there."""
    if options.key_env or options.no_key:
        return None
    if sys.stdin is None or not sys.stdin.isatty():
        raise ForgeError(
            "Where is its key?", hint="Name the variable that holds it with --key-env VAR, or say --no-key."
        )
    return getpass.getpass(prompt) or None
