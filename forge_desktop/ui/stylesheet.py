"""The one style sheet, generated from the tokens. Widgets choose a rule with the dynamic property "cls"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forge_desktop.ui import tokens
from forge_desktop.ui.tokens import Theme

_Pixels = Callable[[float], str]
_Picture = Callable[[str], str]


def style_sheet(t: Theme, scale: float, icons: Path) -> str:
    """Qt style sheet text for a theme. `scale` grows type and controls with the user's font size."""

    def px(size: float) -> str:
        return f"{round(size * scale)}px"

    shade = "dark" if t.dark else "light"

    def picture(name: str) -> str:
        return f'url("{(icons / "qss" / f"{name}-{shade}.svg").as_posix()}")'

    return "\n".join(
        (
            _grounds(t),
            _buttons(t, px),
            _fields(t, px, picture),
            _views(t, px, picture),
            _menus(t, px, picture),
            _without_tints(t) if t.name == "contrast" else "",
        )
    )


def _grounds(t: Theme) -> str:
    outlined = "border:1px solid" if t.name == "contrast" else "border:0 solid"
    notices = "\n".join(
        f'QFrame[cls="{kind}"] {{ background:{getattr(t, kind + "_soft")}; {outlined} {getattr(t, kind)};'
        f" border-radius:{tokens.RADIUS_CARD}px; }}"
        f' QLabel[cls="{kind}"] {{ color:{getattr(t, kind)}; background:transparent; border:0; }}'
        for kind in ("ok", "warn", "bad", "info")
    )
    return f"""
    QWidget {{ color:{t.text}; }}
    QMainWindow, QDialog, QMessageBox, QWidget[cls="root"] {{ background:{t.window}; }}
    QWidget[cls="surface"] {{ background:{t.surface}; }}
    QFrame[cls="card"] {{ background:{t.surface}; border:1px solid {t.border};
        border-radius:{tokens.RADIUS_CARD}px; }}
    QFrame[cls="dropping"] {{ background:{t.accent_soft}; border:2px dashed {t.accent};
        border-radius:{tokens.RADIUS_CARD}px; }}
    QFrame[cls="rail"] {{ background:{t.surface}; border:0; border-right:1px solid {t.border}; }}
    QFrame[cls="side"] {{ background:{t.window}; border:0; border-right:1px solid {t.border}; }}
    QFrame[cls="sideR"] {{ background:{t.window}; border:0; border-left:1px solid {t.border}; }}
    QFrame[cls="head"] {{ background:{t.surface}; border:0; border-bottom:1px solid {t.border}; }}
    QFrame[cls="foot"] {{ background:{t.surface}; border:0; border-top:1px solid {t.border}; }}
    QFrame[cls="line"] {{ background:{t.border}; border:0; max-height:1px; min-height:1px; }}
    QFrame[cls="bubble"] {{ background:{t.accent_soft}; border:0; border-radius:{tokens.RADIUS_BUBBLE}px; }}
    QFrame[cls="composer"] {{ background:{t.surface}; border:1px solid {t.control_border};
        border-radius:{tokens.RADIUS_COMPOSER}px; }}
    QFrame[cls="composer"][focus="1"] {{ border:2px solid {t.focus}; }}
    QFrame[cls="quoted"] {{ background:{t.surface2}; border:0; border-radius:{tokens.RADIUS_CONTROL}px; }}
    QFrame[cls="popup"] {{ background:{t.surface}; border:1px solid {t.control_border}; }}
    QFrame[cls="toast"] {{ background:{t.text}; border:0; border-radius:8px; }}
    QFrame[cls="toast"] QLabel {{ color:{t.surface}; }}
    {notices}
    QLabel {{ background:transparent; border:0; }}
    QLabel[cls="muted"] {{ color:{t.muted}; }}
    QLabel[cls="accent"] {{ color:{t.accent_fg}; }}
    QLabel[cls="number"] {{ background:{t.accent_soft}; color:{t.accent_fg}; border-radius:5px; }}
    QLabel[cls="avatar"] {{ background:{t.accent_soft}; border-radius:14px; }}
    QStatusBar {{ background:{t.surface}; border-top:1px solid {t.border}; }}
    QStatusBar::item {{ border:0; }}
    QSplitter::handle {{ background:transparent; }}
    QToolTip {{ background:{t.text}; color:{t.surface}; border:0; padding:4px 8px; }}
    """


def _buttons(t: Theme, px: _Pixels) -> str:
    inverse = "#C7C4FF" if not t.dark else "#3F37C9"
    # In high contrast there are no tints: what is chosen has the colours of a selection, or a line around it.
    plain = t.name == "contrast"
    chosen, on_chosen = (t.accent, t.on_accent) if plain else (t.accent_soft, t.accent_fg)
    line = t.text if plain else "transparent"
    return f"""
    QToolButton[cls="nav"] {{ border:2px solid transparent; border-radius:{tokens.RADIUS_CARD}px; padding:5px 0 3px 0;
        color:{t.muted}; background:transparent; }}
    QToolButton[cls="nav"]:hover {{ background:{t.hover}; color:{t.text}; }}
    QToolButton[cls="nav"]:checked {{ background:{t.accent_soft}; color:{t.accent_fg}; border-color:{line}; }}
    QToolButton[cls="ghost"] {{ border:2px solid transparent; border-radius:{tokens.RADIUS_CONTROL}px; padding:4px;
        background:transparent; color:{t.muted}; }}
    QToolButton[cls="ghost"]:hover {{ background:{t.hover}; color:{t.text}; }}
    QToolButton[cls="ghost"]:checked {{ background:{t.accent_soft}; color:{t.accent_fg}; }}
    QToolButton[cls="ghost"]:disabled {{ color:{t.disabled}; }}
    QToolButton[ring="1"] {{ border:2px solid {t.focus}; }}
    QToolButton::menu-indicator {{ image:none; width:0; }}
    QPushButton {{ background:{t.surface}; border:1px solid {t.border}; border-radius:{tokens.RADIUS_CONTROL}px;
        padding:0 12px; min-height:{px(30)}; color:{t.text}; }}
    QPushButton:hover {{ background:{t.hover}; }}
    QPushButton:pressed {{ background:{t.surface2}; }}
    QPushButton:disabled {{ color:{t.disabled}; background:{t.surface2}; border-color:{t.border}; }}
    QPushButton:checked {{ background:{t.accent_soft}; color:{t.accent_fg}; border-color:{t.accent_fg}; }}
    QPushButton::menu-indicator {{ image:none; width:0; }}
    QPushButton[cls="primary"] {{ background:{t.accent}; border:1px solid {t.accent}; color:{t.on_accent};
        font-weight:600; }}
    QPushButton[cls="primary"]:hover {{ background:{t.accent_hover}; }}
    QPushButton[cls="primary"]:disabled {{ background:{t.surface2}; border-color:{t.border}; color:{t.disabled}; }}
    QPushButton[cls="danger"] {{ color:{t.bad}; }}
    QPushButton[cls="pill"] {{ border-radius:13px; min-height:{px(24)}; padding:0 10px; color:{t.muted}; }}
    QPushButton[cls="pill"]:hover {{ color:{t.text}; }}
    QPushButton[cls="link"] {{ background:transparent; border:0; color:{t.accent_fg}; padding:0 4px;
        min-height:{px(24)}; text-align:left; }}
    QPushButton[cls="jump"] {{ background:transparent; border:1px solid transparent; color:{t.muted};
        text-align:left; }}
    QPushButton[cls="jump"]:hover {{ background:{t.hover}; color:{t.text}; }}
    QPushButton[cls="jump"]:checked {{ background:{t.surface}; border-color:{t.border}; color:{t.text};
        font-weight:600; }}
    QPushButton[cls="segment"] {{ background:transparent; border:1px solid transparent; color:{t.muted};
        min-height:{px(26)}; padding:0 10px; }}
    QPushButton[cls="segment"]:hover {{ background:{t.hover}; color:{t.text}; }}
    QPushButton[cls="segment"]:checked {{ background:{chosen}; color:{on_chosen}; font-weight:600; }}
    QPushButton[cls="segment"][ring="1"] {{ border:2px solid {t.focus}; padding:0 9px; min-height:{px(24)}; }}
    QPushButton[cls="inverse"] {{ background:transparent; border:0; color:{inverse}; font-weight:600; }}
    QPushButton[ring="1"], QMessageBox QPushButton:focus, QFileDialog QPushButton:focus {{
        border:2px solid {t.focus}; padding:0 11px; min-height:{px(28)}; }}
    QPushButton[cls="primary"][ring="1"] {{ border:2px solid {t.text}; }}
    QPushButton[cls="jump"][ring="1"], QPushButton[cls="jump"]:checked[ring="1"],
    QFrame[cls="card"][ring="1"] {{ border:2px solid {t.focus}; }}
    QPushButton[cls="pill"][ring="1"] {{ padding:0 9px; min-height:{px(22)}; }}
    QPushButton[cls="link"][ring="1"] {{ padding:0 2px; min-height:{px(20)}; border-radius:4px; }}
    QPushButton[cls="inverse"][ring="1"] {{ border:2px solid {inverse}; padding:0 10px; }}
    """


def _fields(t: Theme, px: _Pixels, picture: _Picture) -> str:
    held = "border-style:dotted;" if t.name == "contrast" else ""  # where grounds do not differ
    return f"""
    QLineEdit, QComboBox, QAbstractSpinBox {{ background:{t.surface}; border:1px solid {t.control_border};
        border-radius:{tokens.RADIUS_CONTROL}px; padding:0 10px; min-height:{px(30)};
        selection-background-color:{t.accent}; selection-color:{t.on_accent}; }}
    QPlainTextEdit[cls="field"], QTextEdit[cls="field"] {{ background:{t.surface};
        border:1px solid {t.control_border}; border-radius:{tokens.RADIUS_CONTROL}px; padding:6px;
        selection-background-color:{t.accent}; selection-color:{t.on_accent}; }}
    QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus {{ border:2px solid {t.focus}; padding:0 9px;
        min-height:{px(28)}; }}
    QPlainTextEdit[cls="field"]:focus, QTextEdit[cls="field"]:focus {{ border:2px solid {t.focus}; padding:5px; }}
    QAbstractSpinBox {{ min-height:{px(28)}; }}
    QAbstractSpinBox:focus {{ min-height:{px(26)}; }}
    QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {{ background:transparent; border:0; padding:0;
        min-height:0; }}
    QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled {{ color:{t.disabled};
        background:{t.surface2}; border-color:{t.border}; }}
    QLineEdit[locked="1"], QPlainTextEdit[cls="field"][locked="1"] {{ background:{t.surface2};
        border-color:{t.border}; {held} }}
    QFrame[cls="card"][locked="1"] {{ background:{t.surface2}; {held} }}
    QLineEdit[cls="icon"] {{ padding-left:2px; }}
    QLineEdit[cls="icon"]:focus {{ padding-left:1px; }}
    QLineEdit[cls="bad"], QAbstractSpinBox[cls="bad"], QComboBox[cls="bad"] {{ border:2px solid {t.bad};
        padding:0 9px; min-height:{px(28)}; }}
    QComboBox::drop-down {{ border:0; width:24px; }}
    QComboBox::down-arrow {{ image:{picture("chevron-down")}; width:14px; height:14px; }}
    QComboBox QAbstractItemView {{ background:{t.surface}; border:1px solid {t.border}; padding:4px; outline:0;
        selection-background-color:{t.accent_soft}; selection-color:{t.text}; }}
    QComboBox QAbstractItemView::item {{ min-height:{px(28)}; padding:0 6px; }}
    QAbstractSpinBox::up-button {{ subcontrol-origin:border; subcontrol-position:top right; width:24px; border:0;
        background:transparent; margin:1px 1px 0 0; }}
    QAbstractSpinBox::down-button {{ subcontrol-origin:border; subcontrol-position:bottom right; width:24px; border:0;
        background:transparent; margin:0 1px 1px 0; }}
    QAbstractSpinBox::up-arrow {{ image:{picture("chevron-up")}; width:12px; height:12px; }}
    QAbstractSpinBox::down-arrow {{ image:{picture("chevron-down")}; width:12px; height:12px; }}
    QCheckBox {{ spacing:8px; min-height:{px(24)}; }}
    QCheckBox::indicator {{ width:16px; height:16px; border:1px solid {t.control_border}; border-radius:4px;
        background:{t.surface}; }}
    QCheckBox::indicator:focus {{ border:2px solid {t.focus}; width:14px; height:14px; }}
    QCheckBox::indicator:checked {{ background:{t.accent}; border-color:{t.accent}; image:{picture("check")}; }}
    QCheckBox:disabled {{ color:{t.disabled}; }}
    QCheckBox::indicator:disabled {{ background:{t.surface2}; border-color:{t.border}; }}
    QSlider::groove:horizontal {{ background:{t.track}; height:4px; border-radius:2px; }}
    QSlider::sub-page:horizontal {{ background:{t.chart1}; height:4px; border-radius:2px; }}
    QSlider::handle:horizontal {{ background:{t.surface}; border:1px solid {t.control_border}; width:16px;
        margin:-7px 0; border-radius:9px; }}
    QSlider::handle:horizontal:hover {{ border-color:{t.accent}; }}
    QSlider::handle:horizontal:focus {{ border:2px solid {t.focus}; width:14px; }}
    QProgressBar {{ background:{t.track}; border:0; border-radius:3px; min-height:6px; max-height:6px; }}
    QProgressBar::chunk {{ background:{t.chart1}; border-radius:3px; }}
    """


def _views(t: Theme, px: _Pixels, picture: _Picture) -> str:
    return f"""
    QTextBrowser, QTextEdit[cls="bare"], QPlainTextEdit[cls="bare"] {{ background:transparent; border:0;
        selection-background-color:{t.accent}; selection-color:{t.on_accent}; }}
    QScrollArea, QScrollArea > QWidget > QWidget[cls="flow"] {{ background:transparent; border:0; }}
    QScrollArea[ring="1"] {{ border:2px solid {t.focus}; }}
    QListView, QTableView, QTreeView {{ background:{t.surface}; border:0; outline:0; gridline-color:{t.border};
        selection-background-color:{t.accent_soft}; selection-color:{t.text};
        alternate-background-color:{t.surface}; }}
    QListView[cls="sideList"] {{ background:transparent; }}
    QListView[cls="field"] {{ border:1px solid {t.control_border}; border-radius:{tokens.RADIUS_CONTROL}px;
        padding:5px; }}
    QListView[cls="field"]:focus {{ border:2px solid {t.focus}; padding:4px; }}
    QListView[cls="field"]::item {{ min-height:{px(26)}; padding:0 4px; color:{t.text}; }}
    QListView[cls="field"]::item:selected {{ background:{t.accent_soft}; }}
    QListView[cls="field"]::indicator {{ width:16px; height:16px; border:1px solid {t.control_border};
        border-radius:4px; background:{t.surface}; }}
    QListView[cls="field"]::indicator:checked {{ background:{t.accent}; border-color:{t.accent};
        image:{picture("check")}; }}
    QHeaderView {{ background:{t.surface}; border:0; }}
    QHeaderView::section {{ background:{t.surface}; color:{t.muted}; border:0; border-bottom:1px solid {t.border};
        padding:0 10px; font-weight:600; font-size:{px(tokens.SMALL)}; }}
    QHeaderView::section:hover {{ color:{t.text}; }}
    QHeaderView::down-arrow, QHeaderView::up-arrow {{ width:12px; height:12px; }}
    QTableView::item {{ border-bottom:1px solid {t.border}; padding:0 10px; }}
    QTableCornerButton::section {{ background:{t.surface}; border:0; }}
    QScrollBar:vertical {{ background:transparent; width:12px; margin:2px; }}
    QScrollBar::handle:vertical {{ background:{t.border}; border-radius:4px; min-height:36px; }}
    QScrollBar::handle:vertical:hover {{ background:{t.control_border}; }}
    QScrollBar::handle:vertical:disabled {{ background:transparent; }}
    QScrollBar:horizontal {{ background:transparent; height:12px; margin:2px; }}
    QScrollBar::handle:horizontal {{ background:{t.border}; border-radius:4px; min-width:36px; }}
    QScrollBar::handle:horizontal:hover {{ background:{t.control_border}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background:transparent; border:0; width:0; height:0; }}
    """


def _menus(t: Theme, px: _Pixels, picture: _Picture) -> str:
    return f"""
    QMenuBar {{ background:{t.surface}; color:{t.text}; font-size:{px(tokens.TABLE)}; border:0;
        border-bottom:1px solid {t.border}; padding:2px 8px; }}
    QMenuBar::item {{ background:transparent; padding:4px 10px; border-radius:{tokens.RADIUS_CHIP}px; }}
    QMenuBar::item:selected {{ background:{t.hover}; color:{t.text}; }}
    QMenu {{ background:{t.surface}; font-size:{px(tokens.TABLE)}; border:1px solid {t.border}; padding:6px; }}
    QMenu::item {{ padding:6px 28px 6px 12px; border-radius:{tokens.RADIUS_CHIP}px; }}
    QMenu::item:selected {{ background:{t.accent_soft}; color:{t.text}; }}
    QMenu::item:disabled {{ color:{t.disabled}; }}
    QMenu::separator {{ height:1px; background:{t.border}; margin:6px 8px; }}
    QMenu::icon {{ padding-left:8px; }}
    QMenu::indicator:checked {{ image:{picture("chevron-right")}; width:14px; height:14px; }}
    QMenu::indicator:non-exclusive:checked {{ image:{picture("check")}; }}
    """


def _without_tints(t: Theme) -> str:
    """High contrast has no greys: what is chosen has the colours of a selection, what cannot be pressed a broken line,
    and what is filled to a share an outline.
    """
    return f"""
    QPushButton:disabled, QPushButton[cls="primary"]:disabled, QLineEdit:disabled, QComboBox:disabled,
    QAbstractSpinBox:disabled {{ border:1px dashed {t.disabled}; color:{t.disabled}; }}
    QPushButton[cls="link"]:disabled, QPushButton[cls="segment"]:disabled {{ border:0; }}
    QPushButton:checked, QPushButton[cls="jump"]:checked {{ border:3px solid {t.accent}; padding:0 10px; }}
    QPushButton[cls="segment"]:checked {{ border:1px solid {t.accent}; }}
    QToolButton[cls="ghost"]:checked {{ border:2px solid {t.accent}; }}
    QCheckBox:disabled {{ color:{t.disabled}; }}
    QCheckBox::indicator:disabled {{ border:1px dashed {t.disabled}; }}
    QMenu::item:selected, QMenuBar::item:selected {{ background:{t.accent}; color:{t.on_accent}; }}
    QComboBox QAbstractItemView {{ selection-background-color:{t.accent}; selection-color:{t.on_accent}; }}
    QProgressBar, QSlider::groove:horizontal {{ border:1px solid {t.text}; }}
    """
