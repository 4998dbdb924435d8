"""Design tokens: every colour, distance and size the window uses. Pure data, no Qt."""

from __future__ import annotations

from dataclasses import dataclass

XS, SM, MD, LG, XL, XXL = 4, 8, 12, 16, 24, 32
RADIUS_CHIP, RADIUS_CONTROL, RADIUS_CARD, RADIUS_BUBBLE, RADIUS_COMPOSER = 4, 6, 10, 12, 14
CAPTION, SMALL, TABLE, BODY, SUBTITLE, TITLE, FIGURE, CODE = 11, 12, 13, 14, 15, 18, 22, 13

SANS = "Inter"
MONO = "JetBrains Mono"


@dataclass(frozen=True)
class Theme:
    """One colour scheme. Text tokens hold 4.5:1 on every ground they are used on; lines that carry meaning 3:1."""

    name: str
    window: str
    surface: str
    surface2: str
    hover: str
    border: str
    control_border: str
    text: str
    muted: str
    disabled: str
    accent: str
    on_accent: str
    accent_hover: str
    accent_fg: str
    accent_soft: str
    focus: str
    ok: str
    ok_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str
    info: str
    info_soft: str
    code_bg: str
    code_keyword: str
    code_string: str
    code_comment: str
    code_number: str
    code_function: str
    chart1: str
    chart2: str
    chart3: str
    grid: str
    track: str

    @property
    def dark(self) -> bool:
        """Whether the ground is darker than the text on it."""
        return luminance(self.window) < luminance(self.text)


LIGHT = Theme(
    name="light",
    window="#F4F5F8",
    surface="#FFFFFF",
    surface2="#EFF1F5",
    hover="#E8EBF1",
    border="#DFE3EA",
    control_border="#848C9B",
    text="#161A22",
    muted="#545E70",
    disabled="#6B7485",
    accent="#4F46E5",
    on_accent="#FFFFFF",
    accent_hover="#4338CA",
    accent_fg="#4338CA",
    accent_soft="#EDECFD",
    focus="#4F46E5",
    ok="#10703F",
    ok_soft="#E1F5E9",
    warn="#855000",
    warn_soft="#FCF0D9",
    bad="#B1221A",
    bad_soft="#FDE9E7",
    info="#0A5C9A",
    info_soft="#E3F0FB",
    code_bg="#F6F7FA",
    code_keyword="#7C3AED",
    code_string="#0B6B3A",
    code_comment="#5F6B7C",
    code_number="#A03B00",
    code_function="#0A58A8",
    chart1="#4F46E5",
    chart2="#0E8A5F",
    chart3="#D9730D",
    grid="#E6E9EF",
    track="#E3E6ED",
)

DARK = Theme(
    name="dark",
    window="#0E1015",
    surface="#161920",
    surface2="#1E222B",
    hover="#262B36",
    border="#2A303B",
    control_border="#6F7989",
    text="#E9EBF0",
    muted="#A3ADBC",
    disabled="#8691A1",
    accent="#635BEF",
    on_accent="#FFFFFF",
    accent_hover="#574FE0",
    accent_fg="#AFABFF",
    accent_soft="#26264A",
    focus="#8F89FF",
    ok="#5CD394",
    ok_soft="#12301F",
    warn="#F0B95B",
    warn_soft="#35270D",
    bad="#FF8F87",
    bad_soft="#3A1A19",
    info="#79BDF4",
    info_soft="#11293D",
    code_bg="#101319",
    code_keyword="#C4A7FF",
    code_string="#7FD6A4",
    code_comment="#93A0B2",
    code_number="#F3A76B",
    code_function="#82BFFF",
    chart1="#8F89FF",
    chart2="#3EC98F",
    chart3="#F2994A",
    grid="#262B35",
    track="#2B313C",
)


def luminance(colour: str) -> float:
    """Relative luminance of "#RRGGBB" as WCAG 2 defines it, 0 to 1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
