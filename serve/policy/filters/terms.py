"""Words and phrases that the owner listed."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from serve.policy.filters.scanner import Form, begun_words

LONGEST: Final = 56  # characters of a term
_SPACE: Final = "\\ "


@lru_cache(maxsize=64)
def terms_form(terms: Sequence[str]) -> Form:
    """In any case, as whole words; one white space in a term is one of any kind in the text."""
    words = sorted({" ".join(term.split()).lower() for term in terms}, key=len, reverse=True)
    each = "|".join(re.escape(word).replace(_SPACE, r"\s") for word in words)
    begun = begun_words(words).replace(_SPACE, r"\s")
    return Form("term", re.compile(rf"(?<!\w)(?i:{each})(?!\w)"), rf"(?<!\w)(?i:{begun})")
