"""Keys and passwords in a text, by what this program knows of them, by their form, and by what stands before them."""

from __future__ import annotations

import re

from forge_desktop.base.redacting import secrets_in

Span = tuple[int, int]

# Prefixes and forms as the services themselves document them.
_FORMS = re.compile(
    r"(?:\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b"  # AWS
    r"|\bgithub_pat_\w{20,}|\bgl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent)-[\w-]{10,}"
    r"|\bnpm_[A-Za-z0-9]{20,}|\bpypi-[\w-]{20,}|\br8_[A-Za-z0-9]{20,}|\bdop_v1_[0-9a-f]{20,}|\bshp[ac]t_[0-9a-f]{20,}"
    r"|\bSG\.[\w-]{10,}\.[\w-]{10,}|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{10,}|\bxapp-[\w-]{10,}|\bwhsec_\w{10,}"
    r"|\bAGE-SECRET-KEY-1[0-9A-Z]{20,}|\b\d{8,10}:AA[\w-]{30,}|\bnvapi-[\w-]{20,}|\bpplx-\w{20,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"  # a signed token
    r"|-----BEGIN\s(?:[A-Z]{1,20}\s){0,3}PRIVATE\sKEY-----[\s\S]*?(?:-----END\s(?:[A-Z]{1,20}\s){0,3}PRIVATE\sKEY-----|\Z))"
)
_IN_ADDRESS = re.compile(r"://[^\s/:@\"']{0,80}:(?P<said>[^\s/@\"']{3,200})@")
_CALLED_KEY = re.compile(
    r"(?i:(?:api[-_ ]?key|(?<![^\W_])(?:secret|private|account|signing)[-_ ]?(?:access[-_ ]?)?key|client[-_ ]?secret"
    r"|(?<![^\W_])secret|(?:access|auth|refresh|bearer)[-_ ]?token|shared[-_ ]?access[-_ ]?signature)(?![^\W_]))"
    r"[\"'*`]*\s*(?:[:=]|\|(?=[^|\n]*\d))\s*[\"'`]*(?P<said>[^\s\"',;|`‹›]{8,})"
)
_CALLED_TOKEN = re.compile(  # a model has tokens too: only what looks like a key
    r"(?i:(?<![^\W_])(?:token|auth|authorization)(?![^\W_]))[\"'*`]*\s*[:=|]\s*[\"'`]*(?:(?i:bearer|basic|token)\s+)?"
    r"(?P<said>(?=[\w.~+/=-]*\d)(?=[\w.~+/=-]*[A-Za-z])[\w.~+/=-]{8,})"
)
_CALLED_PASSWORD = re.compile(
    r"(?i)(?:(?<![^\W_])(?:[a-z]{2,8})?(?:pass[-_ ]?(?:word|wd|phrase|code)|pwd)"
    r"|(?<![^\W_])(?:pw|passwort|kennwort|mot de passe|mdp|contraseña|clave"
    r"|senha|wachtwoord|lösenord|adgangskode|passord|salasana|hasło|heslo|jelszó|parola|пароль|şifre)|密码|口令"
    r"|パスワード|비밀번호)(?![^\W_])"
    r"(?:[\"'*`]*\s*(?:[:=：]|\|(?=[^|\n]*\d))\s*[\"'`]*|\s+(?:is|was|ist|lautet|war)\s+[\"']?(?=\S*\d))"
    r"(?P<said>[^\s\"',;|`‹›]{4,})"
)
_NO_PASSWORDS = (
    "none null true false empty required optional protected never always unknown default unset hidden needed change"
    " keine keins kein leer nötig that this with from used your only"
)
_NO_PASSWORD = frozenset(_NO_PASSWORDS.split())
_SHORTEST_PASSWORD = 4  # characters
_LONG = 16  # characters of what is the first half of a key
_TRAILING = ".,;:!?…"
_NEXT_LINE = re.compile(r"\\?\n[ \t>#|*-]{0,8}(?P<said>(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{8,})(?![\w.])")


def keys_in(text: str) -> list[Span]:
    """Where keys and passwords stand. A key that a line's end parts is one."""
    found = list(secrets_in(text))
    for form in (_FORMS, _IN_ADDRESS, _CALLED_KEY, _CALLED_TOKEN):
        for match in form.finditer(text):
            start, end = match.span("said") if "said" in form.groupindex else match.span()
            found.append((start, start + len(text[start:end].rstrip(_TRAILING))))
    for match in _CALLED_PASSWORD.finditer(text):
        start, end = match.span("said")
        said = text[start:end].rstrip(_TRAILING)
        if len(said) >= _SHORTEST_PASSWORD and said.casefold() not in _NO_PASSWORD:
            found.append((start, start + len(said)))
    return [one for span in found for one in (span, *_rest_of(text, span))]


def _rest_of(text: str, span: Span) -> list[Span]:
    """What stands of a key on the next line."""
    rest = _NEXT_LINE.match(text, span[1]) if span[1] - span[0] >= _LONG else None
    return [rest.span("said")] if rest else []
