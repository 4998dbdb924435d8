"""The energy of a training and its CO2 as CycloneDX has them, written and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.formats.properties import data_of
from forge_desktop.cards.records import Card

_KWH = {"kWh": 1.0, "Wh": 1e-3, "J": 1 / 3_600_000}
_TONNES = {"kg": 1e-3, "g": 1e-6, "t": 1.0}
_TRAININGS = ("training", "fine-tuning")
_UNKNOWN = {"organization": {"name": "unknown"}, "energySource": "unknown"}


def consumptions(card: Card) -> list[dict[str, Any]]:
    """What its training took, where the card says it."""
    kwh = _in_unit(card, "training_energy", _KWH)
    if kwh is None:
        return []
    measure = {"value": kwh, "unit": "kWh"}
    spent: dict[str, Any] = {
        "activity": "fine-tuning" if card.kind == "adapter" else "training",
        "energyProviders": [{**_UNKNOWN, "energyProvided": measure}],
        "activityEnergyCost": measure,
    }
    tonnes = _in_unit(card, "training_carbon", _TONNES)
    if tonnes is not None:
        spent["co2CostEquivalent"] = {"value": tonnes, "unit": "tCO2eq"}
    return [spent]


def _in_unit(card: Card, key: str, units: Mapping[str, float]) -> float | None:
    value = card.fields[key].shown if key in card.fields else None
    if value is None or isinstance(value.data, bool) or not isinstance(data_of(card, key), (int, float)):
        return None
    factor = units.get(value.unit or next(iter(units)))
    return None if factor is None else round(float(data_of(card, key)) * factor, 12)


def spent(held: list[Any]) -> tuple[dict[str, float], list[Any], list[str]]:
    """Energy in kWh and CO2 in kg of the one training that is told, what else is told, and a sentence for that."""
    trainings = [each for each in held if isinstance(each, dict) and each.get("activity") in _TRAININGS]
    others = [each for each in held if not any(each is one for one in trainings)]
    activities = ", ".join(str(each.get("activity")) if isinstance(each, dict) else "?" for each in others)
    why = [f"No field holds the energy of other activities ({activities})."] if others else []
    if len(trainings) != 1:
        several = (
            [f"The document tells the energy of {len(trainings)} trainings, a card that of one."] if trainings else []
        )
        return {}, held, [*several, *why]
    training = trainings[0]
    energy, carbon = (_amount(training, place) for place in ("activityEnergyCost", "co2CostEquivalent"))
    taken = {"activity", *(["activityEnergyCost"] if energy is not None else [])}
    taken |= {"co2CostEquivalent"} if carbon is not None else set()
    taken |= {"energyProviders"} if _of_nobody(training.get("energyProviders")) else set()
    more = [place for place in training if place not in taken and training[place] not in (None, "", [], {})]
    why += [f"No field holds this of the training's energy: {', '.join(more)}."] if more else []
    amounts = {"training_energy": energy, "training_carbon": None if carbon is None else round(carbon * 1000, 9)}
    left = [each for each in held if each is not training or more]
    return {key: amount for key, amount in amounts.items() if amount is not None}, left, why


def _amount(training: Mapping[str, Any], place: str) -> float | None:
    measure = training.get(place)
    unit = "kWh" if place == "activityEnergyCost" else "tCO2eq"
    found = measure.get("value") if isinstance(measure, dict) and measure.get("unit") == unit else None
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def _of_nobody(providers: object) -> bool:
    """Whether they are what is written here where nobody knows them."""
    return isinstance(providers, list) and all(
        isinstance(each, dict) and {name: held for name, held in each.items() if name != "energyProvided"} == _UNKNOWN
        for each in providers
    )
