"""Questions that were made so that the documents do not answer them: the answer to learn says that they do not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_desktop.distill.minhash import normalised
from forge_desktop.distill.records import Evidence, Task

KIND = "unanswerable"
_LONGEST = 600  # characters; who says more says something else as well

# A sentence says it that names the documents and denies something of them. Both lists are of words in many languages.
_DOCUMENTS = (
    r"documents?|passages?|texts?|sources?|evidence|excerpts?|materials?|files?|records?",
    r"dokument\w*|unterlagen?|textes?|passagen?|quellen?|auszug\w*|auszüg\w*|abschnitt\w*",
    r"textes?|extraits?|documentos?|pasajes?|textos?|fuentes?|fragmentos?|extractos?",
    r"document[oi]|passagg[io]|brani?|test[oi]|font[ei]|passage[nm]s?|trechos?|fontes?",
    r"documenten|tekst\w*|bron(?:nen)?|fragmenten?|käll\w+|kild\w+|avsnitt\w*",
    r"źród\w+|fragment\w*|zdroj\w*|документ\w*|текст\w*|источник\w*|отрыв\w+|фрагмент\w*|джерел\w*",
    r"belge\w*|metin\w*|metn\w*|kaynak\w*|έγγραφ\w*|κείμεν\w*|dokumentum\w*|szöveg\w*|asiakirj\w*|teksti\w*",
    r"surs\w*|dokumen|teks|sumber",
)
_SPACELESS_DOCUMENTS = (
    "文書|資料|文章|本文|文件|文档|文檔|资料|文本|段落|材料|문서|자료|본문|텍스트|지문"
    "|وثائق|مستندات|نصوص|النص|اسناد|متن|दस्तावेज"
)
_DENIALS = (
    r"not|cannot|\w+n't|no|nothing|nowhere|never|none|neither|nicht|nichts|kein\w*|nirgends|weder",
    r"ne|n'\w+|pas|aucune?|rien|nada|ning[uú]n\w*|tampoco|non|nessun\w*|niente|não|nenhum\w*",
    r"niet|geen|niets|nergens|inte|ingen|inga|inget|ikke|intet|ingenting|nie|brak|żad\w*|není|žádn\w*|ne\w+",
    r"не|нет|ни|немає|değil|yok|\w+m[ıiuü]yor\w*|\w+mem\w+|\w+mam\w+|δεν|nem|nincs\w*|ei|eivät|nu|tidak",
)
_SPACELESS_DENIALS = "ない|ませ|ず|没有|沒有|未|不|无|無|없|않|لا |لم |ليس|نیست|नहीं"
_NAMED = re.compile(rf"\b(?:{'|'.join(_DOCUMENTS)})\b|{_SPACELESS_DOCUMENTS}")
_DENIED = re.compile(rf"\b(?:{'|'.join(_DENIALS)})\b|{_SPACELESS_DENIALS}")
_END = re.compile(r"[.!?。！？؟।]+(?:\s|$)|[。！？]|\n")


def is_asked(task: Task, evidence: Sequence[Evidence]) -> bool:
    """Whether the lesson of this task is that the passages do not tell it; without any there is nothing silent."""
    return task.kind == KIND and bool(evidence)


def says_so(answer: str) -> bool:
    """Whether an answer says that the documents do not tell it."""
    if len(answer) > _LONGEST:
        return False
    sentences = _END.split(normalised(answer).replace("\u2019", "'"))
    return any(_NAMED.search(sentence) and _DENIED.search(sentence) for sentence in sentences)
