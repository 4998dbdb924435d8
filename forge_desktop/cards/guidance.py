"""What belongs in the fields that a person writes, and an example of each."""

from __future__ import annotations

from typing import NamedTuple


class Told(NamedTuple):
    """A sentence on what belongs in a field, and what such a value looks like."""

    guidance: str
    example: str = ""


GUIDANCE: dict[str, Told] = {
    "summary": Told(
        "What the model is, in a sentence.", "A small English chat model that answers from passages of manuals."
    ),
    "provider": Told("Who made the model, or who runs it.", "Example Works"),
    "licence": Told(
        "The licence of the weights, or of the service: an SPDX expression, or other with a name and a link.",
        "Apache-2.0",
    ),
    "licence_name": Told("What a licence is called that SPDX does not list.", "Example Community Licence 1.0"),
    "licence_link": Told("Where the text of the licence can be read.", "https://example.org/licence"),
    "languages": Told("The languages it was made for, as tags.", "en, de-AT"),
    "domain": Told("What it is about, in a few words each.", "manuals, spare parts"),
    "contact": Told("Who answers questions about it: an address of e-mail or of the web.", "models@example.org"),
    "intended_use": Told(
        "What it is made for, by whom, and with what beside it.",
        "Answers short questions about the manuals of a workshop, from passages that it cites.",
    ),
    "users": Told("Who works with it, and who only reads what it writes.", "Mechanics, and whoever plans their work."),
    "out_of_scope": Told(
        "What it must not be used for, and what it cannot do.", "No decisions about people. No medical or legal advice."
    ),
    "limitations": Told(
        "Where it fails, as it was seen: languages, lengths, kinds of questions. Figures help.",
        "Sums of more than three numbers are wrong in half of all cases. Tables are read by rows only.",
    ),
    "tradeoffs": Told(
        "What was given up for what.", "Small enough for any laptop, and weaker at following long instructions for it."
    ),
    "safety": Told(
        "What could go wrong with whom, and what is done against it.",
        "It can state falsehoods in a sure tone: passages are cited, and answers without one are marked.",
    ),
    "fairness": Told(
        "Whom it serves worse, and how that was looked at.", "Names that are rare in English are misspelt more often."
    ),
    "sensitive_data": Told("Whether lessons hold health, faith, origin or the like of real people.", "no"),
    "how_to_start": Told(
        "The first steps of somebody who has it.", "Import the bundle in Students, promote it, and ask a question."
    ),
    "training_carbon": Told("The CO2 of its training, by the energy and what a kWh is made of there.", "0.12 kg"),
    "alignment": Told(
        "How it was taught what to refuse and whom to obey, as its makers say, with where they say so.",
        "Instructions and preferences of people, as its maker's page says (read 2026-11-26).",
    ),
    "may_train": Told("Whether its terms let answers train another model: yes, no or unknown.", "no"),
    "retention": Told("How long what is sent is kept, by its terms.", "30 days, then deleted"),
    "region": Told("Where it computes.", "EU"),
    "released": Told("The day on which its makers gave it out, or this version was made.", "2026-11-26"),
    "citation": Told(
        "How to name it in a paper, with authors, title and year.", "Example Works (2026). Workshop student, version 2."
    ),
    "glossary": Told("Words that a reader may not know.", "Gate: the tests a version passes before it answers."),
    "autonomy": Told("What it may do without a person.", "None: it answers, and acts on nothing."),
    "explainability": Told("How one sees why it answered so.", "Each answer cites the passages that it was given."),
    "standards": Told("Standards it complies with, by their names.", "ISO/IEC 42001:2023"),
    "requests_per_minute": Told("How many calls a minute its terms or its answers allow.", "60"),
    "input_per_minute": Told("How many tokens a minute may be sent.", "200000"),
    "output_per_minute": Told("How many tokens a minute it may write.", "50000"),
    "inputs": Told("What it takes: text, image, audio, video, code, table.", "text"),
    "outputs": Told("What it gives: text, image, audio, video, code, vector.", "text"),
}
