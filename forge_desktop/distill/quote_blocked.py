"""Who a run asks besides those who answer, and why no call could leave now: said before the run, not by its end."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.base.money import shown
from forge_desktop.distill.quote_costs import Prompted
from forge_desktop.providers import Providers
from forge_desktop.providers.errors import Offline
from forge_desktop.providers.records import Endpoint, Price


def blocked(
    providers: Providers,
    prompted: Sequence[Prompted],
    fit: Sequence[Endpoint],
    out: Sequence[tuple[Endpoint, str]],
    left: int | None,
) -> str:
    """The sentence, or "" where a call could leave or none is needed. `left` is what the caps leave, None without."""
    asked = [each for each in prompted if each.ask is not None]
    if prompted and not asked and fit:
        return ""
    if stopped := providers.ledger.stopped:
        return f"No teacher is asked: {stopped}"
    small = [(each, _too_small(providers, each, asked)) for each in fit]
    able = [endpoint for endpoint, why in small if not why]
    if not able:
        reasons = [why for _, why in (*small, *out) if why]
        return " ".join(["No teacher can be asked.", *dict.fromkeys(reasons)])
    try:
        providers.may_connect(able[0].name)
    except Offline:
        return "The offline switch is on, so nobody can be asked."
    least = _least(providers, able, asked)
    if left is not None and least is not None and least > left:
        return f"One call may cost {shown(least)}, and {shown(left)} is left under the caps: nothing would be asked."
    return ""


def besides(
    prompted: Sequence[Prompted], critic: Endpoint | None, judge: tuple[Endpoint, Price] | None
) -> tuple[tuple[str, str, str], ...]:
    """Critics, judges and a remote student, each as (name, address, what it is asked for)."""
    asked: list[tuple[Endpoint, str]] = []
    drafting = next((each.drafting[0] for each in prompted if each.drafting is not None), None)
    if drafting is not None:
        asked.append((drafting, "writes the drafts, from the question and its passages"))
    if critic is not None and any(each.critique for each in prompted):
        asked.append((critic, "criticises each draft first, with the question and its passages before it"))
    if judge is not None:
        asked.append((judge[0], "judges each answer, with the question and its passages before it"))
    return tuple((endpoint.name, endpoint.url, words) for endpoint, words in asked)


def _too_small(providers: Providers, endpoint: Endpoint, asked: Sequence[Prompted]) -> str:
    """Why none of the prompts fits this endpoint, or ""."""
    found = [providers.router.too_small(endpoint, each.longest) for each in asked if each.longest is not None]
    return found[0] if found and all(found) else ""


def _least(providers: Providers, able: Sequence[Endpoint], asked: Sequence[Prompted]) -> int | None:
    """What has to be reserved for the cheapest of the first calls."""
    requests = [each.ask.request for each in asked if each.ask is not None and not each.unwritten]
    requests += [each.longest for each in asked if each.unwritten and each.longest is not None]
    return min((providers.worst(endpoint.uid, each) for endpoint in able for each in requests), default=None)
