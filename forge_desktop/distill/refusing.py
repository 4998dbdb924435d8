"""Recognises answers that are none: refusals, apologies, errors of a service; in many languages."""

from __future__ import annotations

import re

from forge_desktop.distill.minhash import normalised

_LOOKED_AT = 240  # characters from the beginning: further on, "I cannot" is likely part of an answer

# Openings, after an apology or not. Each must say that the speaker itself will not or cannot.
_REFUSALS = (
    r"i(?: a|')?m (?:really |very |so |truly )?sorry\b.{0,60}\b(?:can(?:no|')t|unable|not able|won't)",
    r"(?:unfortunately,? |sorry,? (?:but )?)?i (?:can(?:no|')t|can not|am unable to|am not able to|won't|will not|must"
    r" decline to|have to decline) (?:help|assist|answer|provide|comply|fulfil|do that|discuss|share|access|browse)",
    r"as an ai\b",
    r"as a (?:large )?language model\b",
    r"i (?:do not|don't) have (?:access|the ability|real-time|enough information)",
    r"(?:es tut mir (?:sehr )?leid|tut mir leid|leider)\b.{0,40}\bkann ich\b.{0,80}\bnicht\b",
    r"ich kann (?:dir |ihnen |dabei |diese |das |darauf )*(?:leider )?nicht (?:helfen|beantworten|antworten)",
    r"als (?:ki|ki-modell|sprachmodell|künstliche intelligenz)\b",
    r"(?:je suis désolée?|désolée?)\b.{0,60}\bje ne (?:peux|puis) pas\b",
    r"je ne (?:peux|puis) (?:malheureusement )?pas (?:vous |t')?(?:aider|répondre|fournir)",
    r"en tant qu'(?:ia|intelligence artificielle|assistant|modèle)",
    r"lo siento\b.{0,60}\bno puedo\b",
    r"no puedo (?:ayudar|responder|proporcionar|ayudarte|ayudarle)",
    r"como (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje)\b",
    r"mi dispiace\b.{0,60}\bnon posso\b",
    r"non posso (?:aiutar|rispondere|fornire)",
    r"(?:desculpe|sinto muito|lamento)\b.{0,60}\bnão posso\b",
    r"não posso (?:ajudar|responder|fornecer)",
    r"(?:het spijt me|sorry)\b.{0,40}\bik kan\b.{0,60}\bniet\b",
    r"(?:przepraszam|przykro mi)\b.{0,60}\bnie mogę\b",
    r"(?:извините|к сожалению|простите|сожалею)\b.{0,60}\bне могу\b",
    r"я не могу (?:помочь|ответить|предоставить)",
    r"(?:üzgünüm|maalesef)\b.{0,80}\b(?:edemem|veremem|yapamam|yardımcı olamam)\b",
    r"(?:抱歉|对不起|對不起|很抱歉).{0,30}(?:无法|無法|不能)",
    r"(?:我)?(?:无法|無法|不能)(?:回答|提供|协助|協助|帮助|幫助)",
    r"作为(?:一个|一名)?(?:人工智能|ai|语言模型)",
    r"(?:申し訳(?:ありません|ございません)|すみません).{0,40}(?:できません|お答えできません|ません)",
    r"(?:죄송합니다|죄송하지만).{0,60}(?:없습니다|드릴 수 없)",
    r"(?:عذر[اً]+|آسف|أعتذر).{0,60}(?:لا يمكنني|لا أستطيع)",
)
_REFUSAL = re.compile("|".join(f"(?:{pattern})" for pattern in _REFUSALS))
_OPENED = re.compile(
    r"[\s\W]*(?:well|oh|hi|hello|thank you|thanks|danke|merci|gracias|unfortunately|i apologi[sz]e|my apologies)?"
    r"[\s\W]*"
)
_ERROR = re.compile(
    r"\s*(?:<!doctype|<html|\{\s*\"?(?:error|detail|errors)\"?\s*:|(?:error|exception|fehler)\b\s*[:\d]|traceback \("
    r"|(?:http/?[\d.]* )?(?:4\d\d|5\d\d) (?:too many|bad|internal|service|gateway|unauthor|forbidden|not found)"
    r"|(?:(?:i(?: a|')?m )?(?:very |so )?sorry\W+(?:but )?|oops\W+)?"
    r"(?:there was an? (?:\w+ ){0,2}error\b(?! (?:of|in)\b)"
    r"|an? (?:\w+ ){0,2}error (?:has )?(?:occurred|happened)\b)"
    r"|(?:rate limit|quota|too many requests|service unavailable|internal server error|bad gateway|gateway time)\b)"
)


def is_refusal(answer: str) -> bool:
    """Whether somebody declines to answer, at the beginning of what they say."""
    start = normalised(answer[: 2 * _LOOKED_AT])[:_LOOKED_AT].replace("\u2019", "'")
    opened = _OPENED.match(start)
    return _REFUSAL.match(start, opened.end() if opened else 0) is not None


def is_error(answer: str) -> bool:
    """Whether it is what a service says that failed, and no answer."""
    return _ERROR.match(normalised(answer[:400])) is not None
