"""Makes the PDF and DOCX files of the sample corpus, the same bytes every time: `python tests/data/make_sample.py`."""

from __future__ import annotations

import datetime
import io
import sys
import zipfile
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"

# Each page: its heading, then paragraphs; a list of rows is a table.
ANNUAL_REPORT = [
    (
        "Annual report 2025",
        [
            "Marrowby Tool Library, registered association. Presented to the general meeting on 20 February 2026.",
            "The year in one paragraph: we lent 14,862 tools, 9 per cent more than in 2024, to 1,046 members. "
            "Volunteers gave 5,130 hours. No accident had to be reported to the insurer. The accounts close with a "
            "surplus of 1,870 crowns, which goes into the building reserve.",
            "The committee thanks the town council for the Old Rope Works, and every volunteer for the patience that "
            "a desk on a rainy Saturday asks for.",
        ],
    ),
    (
        "Lending",
        [
            "Lending grew in every category except garden tools, where the dry summer kept lawns short.",
            [
                ["Category", "Loans 2024", "Loans 2025"],
                ["Hand tools", "5,410", "6,020"],
                ["Mains power tools", "4,905", "5,377"],
                ["Fuel and high-risk tools", "688", "731"],
                ["Ladders and scaffolding", "1,120", "1,264"],
                ["Kitchen and garden sets", "1,512", "1,470"],
            ],
            "The average loan lasted 5.6 days. Of all loans 93 per cent came back on time. The longest delay was a "
            "spirit level that returned after 211 days with a letter of apology and a jar of quince jelly.",
            "The cargo bicycle made 612 deliveries, of which 40 went to members who had borrowed nothing before.",
        ],
    ),
    (
        "Money",
        [
            "Income was 46,215 crowns and expenditure 44,345 crowns.",
            [
                ["Income", "Crowns"],
                ["Membership fees", "29,480"],
                ["Courses and bench hire", "7,965"],
                ["Town council grant", "5,000"],
                ["Gifts", "3,770"],
            ],
            "The largest single expense was the wage of the workshop manager, 17,160 crowns, followed by insurance at "
            "6,540 crowns and new tools at 5,890 crowns. The building reserve stood at 12,350 crowns on 31 December.",
            "The auditors, Maud Carrow and Elias Fenn, examined the books on 9 January 2026 and found them in order.",
        ],
    ),
    (
        "Plans for 2026",
        [
            "Three things stand at the top of the list. First, the roof above the timber store needs repair. Second, "
            "Thursday morning opening, on trial since October, will be judged in March. Third, the catalogue will be "
            "moved to the new lending software, Shelfmark, during the closed days in January.",
            "We want to reach 1,150 members by the end of 2026 and to keep the reduced membership at 12 crowns.",
            "A first induction in sign language is planned for May, together with the Marrowby deaf club.",
        ],
    ),
]

SAFETY_RULES = [
    (
        "Safety rules of the workshop",
        [
            "These rules hang beside every door. Whoever works here has read them. Version 7, in force from "
            "1 April 2026.",
            "1. Nobody works alone with red-tape tools. A second person must be within call.",
            "2. Eye protection is worn behind the yellow line at all times, also by visitors.",
            "3. Long hair is tied back, rings and scarves come off, sleeves are buttoned.",
            "4. The emergency stop is the red mushroom button beside the bench saw. It cuts the current to every "
            "machine in the room. Only the workshop manager switches it on again.",
            "5. Dust extraction runs before the machine starts and for two minutes after it stops.",
        ],
    ),
    (
        "In an emergency",
        [
            "Fire: press the alarm beside the street door, leave by the yard, meet at the crane on the quay. The "
            "extinguisher for metal fires is the yellow one; it hangs by the grinder.",
            "Injury: the first-aid cabinet is on the wall between the wash basin and the timber store. The keys are "
            "not locked away. First-aiders wear a white badge. Call 0555 014 999 for the harbour clinic, which is six "
            "minutes away.",
            "Every injury that needs more than a plaster is written into the accident book on the same day.",
            "Batteries: a lithium battery that is hot, swollen or smells sweet goes into the sand bucket in the yard, "
            "never into water and never back on the charger.",
        ],
    ),
    (
        "Machines",
        [
            "Bench saw: push stick within 15 centimetres of the blade, guard down, no gloves.",
            "Lathe: speed below 800 revolutions per minute until the blank runs true. Face shield, not goggles.",
            "Grinder: ring-test each new wheel, stand aside for the first minute.",
            "Chainsaw: outside only, full protective trousers, helmet with visor, and never above shoulder height.",
            "Noise: ear defenders are required when the board by the door shows more than 85 decibels.",
        ],
    ),
]

HANDBOOK = [
    (1, "Member handbook"),
    "Welcome to the Marrowby Tool Library. This handbook tells you how a loan works from the first visit to the last "
    "return. It was revised in January 2026.",
    (1, "Your first visit"),
    "Bring an identity document and the fee for your membership. The desk fills in the form with you, which takes "
    "about ten minutes. Your card is a brass tag with a number; a lost tag costs 5 crowns.",
    (1, "Borrowing a tool"),
    (2, "Choosing"),
    "The catalogue stands on the terminal beside the desk. Every tool has a four-digit number and a coloured tape. "
    "Volunteers are happy to talk you out of the wrong tool.",
    (2, "Signing out"),
    "You try the tool at the desk, you sign the loan slip, and you take the instruction card with you. The card "
    "belongs to the tool: a tool that comes back without its card counts as incomplete.",
    (2, "Bringing it back"),
    "Return tools clean and dry. A tool that comes back dirty is cleaned by us for a flat fee of 8 crowns. Blades are "
    "returned in their sleeves. The return check takes five minutes and you may watch it.",
    (1, "The workshop"),
    "Members may hire one of seven benches by the hour. Machines are used only after an induction. The workshop holds "
    "at most twelve people at a time, and the last half hour of every session belongs to the broom.",
    [
        ["Machine", "Induction", "Time limit per visit"],
        ["Bench saw", "required", "1 hour"],
        ["Lathe", "required", "2 hours"],
        ["Pillar drill", "not required", "none"],
        ["Bandsaw", "required", "1 hour"],
    ],
    (1, "When something goes wrong"),
    "Tell the desk. If you are unhappy with the answer, talk to the ombudsperson, Maud Carrow, who is reached through "
    "the letter box under the stairs and is not a member of the committee.",
]

VOLUNTEERS = [
    (1, "Guide for volunteers"),
    "About eighty people keep the library open. This guide is what we wish somebody had told us on our first evening.",
    (1, "Shifts"),
    "A desk shift lasts four hours and needs three people: one for loans, one for returns, one for everything else. "
    "Shifts are booked in the calendar by the twentieth of the month before. If you cannot come, find a replacement "
    "first and tell Kwame Ridout second.",
    (1, "The return check"),
    "Green tape: look, count, wipe. Yellow tape: also inspect the cable over its whole length and run the tool for "
    "thirty seconds. Red tape: only volunteers with the red badge, and always in pairs.",
    "A tool that fails its check gets a pink label and goes to the quarantine shelf. Never write on the tool itself.",
    (1, "Cash"),
    "The till starts each day with 80 crowns. Count it together with the second person, write the sum in the blue "
    "book, and put everything above 80 crowns into the safe. Only the treasurer has the key to the safe.",
    (1, "Thank you"),
    "Twenty-four hours in a calendar year earn a free membership for the next one. There is soup on Fridays at half "
    "past seven, cooked by whoever lost at darts the week before.",
]


def make_pdf(path: Path, title: str, pages: list[tuple[str, list[object]]]) -> None:
    """One A4 page for each entry, with a running footer."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    styles = getSampleStyleSheet()
    flow: list[object] = []
    for heading, body in pages:
        flow += [Paragraph(heading, styles["Heading1"]), Spacer(1, 8)]
        for part in body:
            if isinstance(part, list):
                table = Table(part, hAlign="LEFT")
                table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, 0), 0.5, "#444444")]))
                flow += [table, Spacer(1, 10)]
            else:
                flow += [Paragraph(str(part), styles["BodyText"]), Spacer(1, 6)]
        flow.append(PageBreak())

    def footer(canvas: object, document: object) -> None:
        canvas.setFont("Helvetica", 8)  # type: ignore[attr-defined]
        canvas.drawString(72, 40, f"{title} - page {document.page} of {len(pages)}")  # type: ignore[attr-defined]

    document = SimpleDocTemplate(str(path), pagesize=A4, title=title, author="Marrowby Tool Library", invariant=1)
    document.build(flow, onFirstPage=footer, onLaterPages=footer)


def make_docx(path: Path, title: str, parts: list[object]) -> None:
    """Headings as (level, text), paragraphs as text, tables as rows."""
    import docx

    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author = title, "Marrowby Tool Library"
    properties.created = properties.modified = datetime.datetime(2026, 1, 5, 9, 0)
    for part in parts:
        if isinstance(part, tuple):
            document.add_heading(part[1], level=part[0])
        elif isinstance(part, list):
            table = document.add_table(rows=0, cols=len(part[0]))
            for row in part:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        else:
            document.add_paragraph(str(part))
    written = io.BytesIO()
    document.save(written)
    path.write_bytes(_without_dates(written.getvalue()))


def _without_dates(package: bytes) -> bytes:
    """The same zip with every member dated alike, so that two runs give the same bytes."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            entry = zipfile.ZipInfo(member.filename, date_time=(2026, 1, 5, 9, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(member))
    return result.getvalue()


def make(folder: Path) -> None:
    """Write the four files into `folder`."""
    make_pdf(folder / "annual-report-2025.pdf", "Annual report 2025", ANNUAL_REPORT)
    make_pdf(folder / "safety-rules.pdf", "Safety rules of the workshop", SAFETY_RULES)
    make_docx(folder / "member-handbook.docx", "Member handbook", HANDBOOK)
    make_docx(folder / "volunteer-guide.docx", "Guide for volunteers", VOLUNTEERS)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)
