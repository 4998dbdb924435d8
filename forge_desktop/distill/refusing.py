"""Recognises answers that are none: refusals, apologies, errors of a service; in many languages."""

from __future__ import annotations

import re

from forge_desktop.distill.minhash import normalised

_LOOKED_AT = 240  # characters from the beginning: further on, "I cannot" is likely part of an answer

# Openings, after an apology or not. Each must say that the speaker itself will not or cannot.
_REFUSALS = (
    r"i(?: a|')?m (?:really |very |so |truly )?sorry\b.{0,60}\b(?:can(?:no|')t|unable|not able|won't)",
    r"(?:unfortunately,? |sorry,? (?:but )?)?i (?:can(?:no|')t|can not|am unable to|am not able to|won't|will"
    r" not|must"
    r" decline to|have to decline) (?:help|assist|answer|provide|comply|fulfil|do that|discuss|share|access|browse)",
    r"as an ai\b",
    r"as a (?:large )?language model\b",
    r"i (?:do not|don't) have (?:access|the ability|real-time|enough information)",
    r"(?:es tut mir (?:sehr )?leid|tut mir leid|leider)\b.{0,40}\bkann ich\b.{0,80}\bnicht\b",
    r"ich kann (?:dir |ihnen |dabei |diese |das |darauf )*(?:leider )?nicht (?:helfen|beantworten|antworten)",
    r"(?:nein,? )?(?:dabei|damit|hierbei|dazu) (?:kann|werde|darf|möchte) ich (?:dir |ihnen |leider )*nicht"
    r" (?:helfen|dienen|unterstützen|beitragen)",
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
_SERVICE = re.compile(
    r"\b(?:(?:service|server|model|api|system|backend|upstream)\b.{0,30}\b(?:unavailable|overloaded|down for"
    r"|timed? ?out"
    r"|not available|busy|error)|(?:upstream|server|backend|gateway) (?:error|timed? ?out)|too many requests"
    r"|(?:run|ran) out of (?:credits?|quota|tokens|balance)|billing page|insufficient (?:credits?|quota|funds"
    r"|balance)"
    r"|(?:quota|rate limit|usage limit|credit limit)s? (?:\w+ ){0,2}(?:exceeded|reached|exhausted)"
    r"|(?:re-?)?try(?: \w+){0,2} (?:again )?(?:later|in \d+)"
    r"|(?:slow down|retry your request)|invalid api key|undergoing maintenance|something went wrong|internal error)"
)
_LONGEST_MESSAGE = 400  # characters: what is longer is no message of a service

# Sentences that only say that there is nothing: by language what is asked, a denial, and what it fails to do.
_SOURCES_EN = (
    r"(?:passages?|documents?|texts?|context|sources?|excerpts?|evidence|information|materials?|files?|papers"
    r"|pages|snippets?)"
)
_NOTHING = (
    rf"(?:the |these |this |those |your |any |none of the |neither |both )*(?:\w+ ){{0,2}}{_SOURCES_EN}\b"
    r"(?: (?:that |which )?(?:i |you )?(?:was |were |is |are |have been )?(?:given|provided|available|above"
    r"|offered|shown|here|supplied)(?: to me)?)?"
    r" (?:(?:do|does|did) not|(?:don|doesn|didn)'t|fails? to|never|contains? no|has no|have no|gives? no|says?"
    r" nothing"
    r"|mentions? no|provides? no|includes? no)\b(?: \w+){0,2} (?:contain|say|mention|include|provide|specify|state"
    r"|answer|give|tell|address|cover|indicate|describe|list|have|explain|discuss|offer|name|reveal|show"
    r"|information|details?"
    r"|answers?|mentions?|nothing|about)\b",
    r"(?:there (?:is|was|are)|i (?:see|find|found|have)) (?:nothing|no (?:\w+ ){0,2}(?:information|mention"
    r"|answers?|data|details?|indication"
    rf"|references?))\b.{{0,80}}?(?:\b{_SOURCES_EN}\b|provided|given|available|question)",
    r"(?:there (?:is|was) )?(?:no|not enough|insufficient) (?:\w+ )?(?:information|mention|answer|data|details?)\b",
    r"i (?:do not|don't|really don't) (?:know|have (?:an? |the |any |enough )?(?:answer|information|idea|details?))",
    r"i (?:can(?:no|')t|can not|could not|couldn't|am unable to|was unable to|am not able to) (?:(?!be )\w+"
    r" )?(?:find|determine"
    r"|answer|tell|locate|see|say|give|provide|infer)\b",
    r"it (?:is|was) (?:(?:not possible|impossible) to (?:answer|say|tell|determine|know)|unclear|unknown|not"
    r" (?:stated|mentioned"
    r"|specified|given|known))\b",
    r"(?:this|the|that|your|an?) (?:\w+ )?(?:information|question|answer|detail) (?:is not|isn't|cannot be"
    r"|can't be|could not be|was not)"
    r" (?:provided|available|given|contained|mentioned|found|answered|stated|determined|present|in|specified)",
    r"(?:not (?:stated|mentioned|specified|given|known|found|available|provided)|unknown|n/a|none|no answer|no"
    r" idea)\W*$",
    r"(?:die|das|der|den|in den|in dem|im|aus den|aus dem|diese[nr]?|keine der|laut den)?\s?(?:\w+"
    r" ){0,3}(?:passagen?|dokumente?n?|text\w*"
    r"|quellen?|auszüge\w*|abschnitte?n?|unterlagen|kontext|informationen)\b(?!.*\b(?:dürfen|darf|müssen"
    r"|sollen)\b).{0,60}\b(?:nicht|nichts"
    r"|keine?\w?)\b(?=.*\b(?:enthalten|enthält|erwähn\w+|nennen|nennt|sagen|sagt|geben|gibt|steht|stehen"
    r"|beantworte\w+|finde\w*|genannt|hervor|angab\w+"
    r"|information\w*|antwort\w*|auskunft|zu))|(?:die|das|den|diese[nr]?|vorliegenden?) (?:\w+"
    r" ){0,2}(?:passagen?|dokumente?n?|text\w*"
    r"|unterlagen|quellen) (?:enthalten|enthält|geben|gibt|nennen|nennt|sagen|sagt|erwähnen|erwähnt|beantworten"
    r"|beantwortet)\b.{0,40}\b(?:nichts|(?:nicht|keine?\w?)\b.{0,40}(?:information|angabe|antwort|hinweis"
    r"|auskunft|frage|dazu|darüber))",
    r"(?:das |dies |es )?(?:geht|ergibt sich|lässt sich|steht|findet sich|wird) .{0,60}(?:passagen?|dokument\w*"
    r"|text\w*|unterlagen|quellen)\b.{0,40}\bnicht\b",
    r"(?:das|dies|es|davon|dazu) steht (?:leider |dort |hier )*nichts? in (?:den|dem|diesen|diesem|ihren|deinen)"
    r" (?:\w+ ){0,2}(?:passagen?|dokument\w*|text\w*|unterlagen|quellen|auszügen|kontext)\b",
    r"(?:das |dazu |darüber |hierzu )?(?:wei(?:ß|ss) ich|ich wei(?:ß|ss))(?: es| das| darüber)? (?:leider"
    r" )?nichts?\b",
    r"(?:dazu|darüber|davon|hierzu|hierüber|zu dieser frage)\b.{0,40}\b(?:nichts|keine?\w?)\b",
    r"(?:es gibt|es liegen|ich (?:habe|finde)) (?:dazu |darüber |hierzu )?(?:leider )?keine? (?:\w+"
    r" )?(?:information|angabe|hinweis|antwort|auskunft)\w*",
    r"(?:les|le|aucun des|ces|ce) (?:\w+ )?(?:passages?|documents?|textes?|extraits?|sources?"
    r"|contexte)\b.{0,30}\bne\b.{0,30}\b(?:pas|rien|aucune?)\b",
    r"(?:je ne sais pas|je l'ignore|aucune (?:information|réponse|mention)|il n'y a (?:rien|aucune?|pas de|pas"
    r" d'))\b",
    r"(?:los|el|las|la|ninguno de los|estos) (?:\w+ )?(?:pasajes?|documentos?|textos?|fragmentos?|fuentes?"
    r"|contexto)\b(?: \w+){0,2} no\b",
    r"(?:no (?:lo )?sé|no (?:hay|se encuentra|encuentro|tengo) (?:\w+ ){0,2}(?:información|respuesta|nada"
    r"|mención|datos))\b",
    r"(?:i|il|nessuno dei|questi) (?:\w+ )?(?:passaggi|passaggio|brani|documenti|documento|testi|testo"
    r"|contesto)\b(?: \w+){0,2} non\b",
    r"(?:non (?:lo )?so|non (?:ci sono|c'è|ho|trovo) (?:\w+ ){0,2}(?:informazioni|risposta|nulla|niente))\b",
    r"(?:os|o|as|nenhum dos|estes) (?:\w+ )?(?:trechos?|passagens|documentos?|textos?|contexto)\b(?: \w+){0,2} não\b",
    r"(?:não (?:o )?sei|não (?:há|encontro|tenho) (?:\w+ ){0,2}(?:informaç\w+|resposta|nada))",
    r"(?:de|het|geen van de|deze) (?:\w+ )?(?:passages?|documenten|document|teksten|tekst|bronnen"
    r"|context)\b.{0,40}\b(?:niet|niets|geen)\b",
    r"(?:(?:dat |ik )weet (?:ik )?(?:het )?niet|er (?:is|staat|zijn) (?:\w+ )?(?:niets|geen (?:informatie"
    r"|antwoord)))",
    r"(?:w )?(?:\w+ )?(?:fragment\w*|dokument\w*|tekst\w*|źródł\w*)\b.{0,30}\b(?:nie (?:zawiera\w*|ma|podaj\w*"
    r"|mówi\w*|wspomina\w*)|brak)",
    r"(?:nie wiem|brak (?:informacji|odpowiedzi|danych))",
    r"(?:в )?(?:\w+ ){0,2}(?:отрывк\w+|документ\w*|текст\w*|источник\w*|фрагмент\w*)\b.{0,40}\b(?:не"
    r" (?:содерж\w+|говор\w+|упомина\w+|указа\w+|сказано"
    r"|сообща\w+|дают|отвеча\w+)|нет|ничего)",
    r"(?:я не знаю|не знаю|нет (?:\w+ )?(?:информации|ответа|данных|сведений)|об этом (?:ничего|не))",
    r"(?:\w+ )?(?:belge\w*|metin\w*|pasaj\w*|doküman\w*)\b.{0,60}\b(?:yok|bulunm\w+|içerm\w+|yer alm\w+"
    r"|belirtilm\w+)",
    r"(?:bilmiyorum|bilgi (?:yok|bulunm\w+))",
    r"(?:(?:根据|在|从)?(?:所?提供的|给出的|上述|这些|文档|文件|文章|段落|资料|文本)[^。]{0,16}(?:没有|未|并未|不包含|無|无法))",
    r"(?:我不知道|我不清楚|(?:没有|沒有)(?:相关)?(?:的)?(?:信息|資訊|资料|答案|提及|提到))",
    r"(?:(?:提供された|与えられた)?(?:文書|文章|資料|テキスト|段落|情報)[^。]{0,30}(?:ありません|記載されていません|含まれていません|書かれていません))",
    r"(?:分かりません|わかりません|知りません)",
    r"(?:(?:제공된 |주어진 )?(?:문서|문단|자료|본문|텍스트|지문)[^.]{0,40}(?:없습니다|않습니다|나와 있지))",
    r"(?:모르겠습니다|알 수 없습니다)",
    r"(?:لا (?:تحتوي|تذكر|يوجد|توجد|يذكر|يحتوي)[^.]{0,60}(?:المقاطع|الوثائق|المستندات|النص|معلومات|إجابة)?|لا"
    r" أعرف|لا أعلم)",
)
_IS_NOTHING = re.compile("|".join(f"(?:{pattern})" for pattern in _NOTHING))
_LONGEST_NOTHING = 320  # characters of a sentence; one that says more than that says something
_HEDGE = re.compile(
    r"[\s\W]*(?:(?:(?:based on|according to|from|in|laut|nach|d'après|según|secondo) (?:\w+ ){1,6}?\w+(?=,)"
    r"|well|oh|sorry|unfortunately|i'm afraid|i am afraid|i'm sorry|i am sorry|based on|according to|from|in|leider"
    r"|es tut mir leid|tut mir leid|malheureusement|désolée?|lo siento|lamentablemente|desafortunadamente|mi dispiace"
    r"|purtroppo|infelizmente|desculpe|helaas|sorry|niestety|przykro mi|к сожалению|извините|maalesef|üzgünüm"
    r"|抱歉|对不起|很抱歉"
    r"|申し訳ありませんが|죄송하지만|죄송합니다|عذرا|للأسف|but|and|however|though|that|dass|que|что)[\s,.:;，、。]+)*"
)
_BROKEN = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")
_MARK = re.compile(r"\s*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]")


def is_refusal(answer: str) -> bool:
    """Whether somebody declines to answer, at the beginning of what they say."""
    start = normalised(answer[: 2 * _LOOKED_AT])[:_LOOKED_AT].replace("\u2019", "'")
    opened = _OPENED.match(start)
    return _REFUSAL.match(start, opened.end() if opened else 0) is not None


def is_error(answer: str) -> bool:
    """Whether it is what a service says that failed, and no answer."""
    return _ERROR.match(normalised(answer[:400])) is not None


def is_service_message(answer: str) -> bool:
    """Whether it reads like what a service says: busy, out of credit, try again. A document may say so too."""
    said = normalised(answer[: 2 * _LONGEST_MESSAGE]).replace("\u2019", "'")
    return len(answer.strip()) <= _LONGEST_MESSAGE and _SERVICE.search(said) is not None


def nothing_said(answer: str) -> float:
    """The share of an answer's sentences that only say that the passages do not tell, or that nobody knows."""
    sentences = [each for each in _BROKEN.split(_MARK.sub("", answer[:4_000])) if any(c.isalnum() for c in each)]
    return sum(map(_is_nothing, sentences)) / len(sentences) if sentences else 0.0


def _is_nothing(sentence: str) -> bool:
    said = normalised(sentence).replace("\u2019", "'")
    if len(said) > _LONGEST_NOTHING:
        return False
    hedge = _HEDGE.match(said)
    starts = {0, hedge.end() if hedge else 0}
    return any(_IS_NOTHING.match(said, start) for start in starts)
