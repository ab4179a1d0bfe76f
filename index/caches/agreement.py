"""Whether two answers say the same, as far as that can be told without reading them.

Short ones: by their embeddings, and by the same vetoes as questions. Long ones: by their
embeddings alone, since two good answers of many sentences hardly ever have the same numbers and
names in them; a wrong number in a long answer is not seen. Of what is longer still an embedder
sees only a part: nothing is said of it.
"""

from typing import Final

from index.answers.words import plain
from index.caches.said import Said
from index.caches.vetoes import vetoes

SHORT: Final = 160  # characters: a sentence or two
LONGEST: Final = 1000
ALIKE: Final = 0.8  # cosine
_TELLING: Final = frozenset(("number", "date", "unit", "negation", "opposite", "language", "code"))


def can_tell(one: str, other: str) -> bool:
    return all(0 < len(text) <= LONGEST for text in (one.strip(), other.strip()))


def agree(one: str, other: str, cosine: float) -> bool:
    """Of two answers of which `can_tell` is true, with the cosine of their embeddings."""
    if plain(one).split() == plain(other).split():
        return True
    if cosine < ALIKE:
        return False
    if max(len(one), len(other)) > SHORT:
        return True
    return _TELLING.isdisjoint(vetoes(Said(one), Said(other)))
