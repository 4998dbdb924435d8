"""What the corpus knows of any text, not only of a document's: its language, its words, how alike two of them are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Everything is imported at first use: the parser child lives in this package and starts without numpy.


def language(text: str) -> str:
    """The ISO 639-1 code of a text's language; "" when it is too short or too mixed to tell."""
    from forge_desktop.corpus.retrieval import analyser

    return analyser.language(text)


def words(text: str) -> list[str]:
    """Its words in order, normalised; pairs of letters where the script has no spaces."""
    from forge_desktop.corpus.retrieval import analyser

    return analyser.words(text)


def terms(text: str) -> list[str]:
    """Its words that carry meaning, stemmed: without the stop words of its language."""
    from forge_desktop.corpus.retrieval import analyser

    return analyser.terms(text)


def vectors(texts: Sequence[str]) -> npt.NDArray[np.int8]:
    """The built-in embedding of each, a row of signed bytes: the one that passages have."""
    from forge_desktop.corpus.retrieval import analyser, embedder

    return embedder.HashEmbedder().embed([analyser.terms(text) for text in texts])


def cosines(one: npt.NDArray[np.int8], many: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """How alike `one` is to each row of `many`, -1 to 1; 0 to an empty one."""
    import numpy as np

    left, right = one.astype(np.float64), many.astype(np.float64)
    lengths = np.sqrt((left @ left) * np.einsum("ij,ij->i", right, right))
    found: npt.NDArray[np.float64] = np.divide(right @ left, lengths, out=np.zeros(len(right)), where=lengths > 0)
    return found


def sign_bits(rows: npt.NDArray[np.int8]) -> npt.NDArray[np.uint64]:
    """One bit a dimension of vectors, a row of words each: what they differ in tells roughly the angle between them."""
    import numpy as np

    from forge_desktop.corpus.retrieval import signs

    return np.ascontiguousarray(signs.sign_bits(rows).T)
