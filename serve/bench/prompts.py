"""Texts of a wanted number of tokens, none like another, for whatever tokenizer a target has."""

import random
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

COMMON: Final = (
    "about after again air all along also always animal another answer around ask away back "
    "because been before began being below between book both boy call came carry change city "
    "close come could country cut day different does done door down each early earth eat end "
    "enough even every example eye face family far father feet few find fire first follow food "
    "form found four friend from gave girl give good got great group grow had hand hard has "
    "have head hear help her here high him his home house how idea into its just keep kind know "
    "land large last later learn leave left letter life light like line list little live long "
    "look made make man many may mean men might mile more most mother mountain move much must "
    "name near need never new next night not now number off often old once one only open other "
    "our over own page paper part people picture place plant play point question quick read "
    "real right river room run said same saw say school sea second see sentence set she should "
    "show side sing small some song soon sound state still stop story study such table take "
    "talk tell than that the their them then there these they thing think this those thought "
    "three through time together too took tree try turn two under until use very walk want was "
    "watch water way well went were what when where which while white who why will with without "
    "wood word work world would write year you young your "
)
WORDS: Final = COMMON.split()
MARK: Final = 12  # characters


@dataclass(frozen=True, slots=True)
class Ruler:
    """How many tokens a text of so many words is: `fixed` for what is around them."""

    fixed: float = 0.0
    per_word: float = 1.0

    @classmethod
    def of(cls, short: tuple[int, int], long: tuple[int, int]) -> Self:
        """From words and tokens of two texts, the second one longer."""
        per_word = (long[1] - short[1]) / (long[0] - short[0])
        if per_word <= 0:  # the target does not count the prompt's tokens
            return cls()
        return cls(max(0.0, short[1] - per_word * short[0]), per_word)

    def words(self, tokens: int) -> int:
        return max(1, round((tokens - self.fixed) / self.per_word))


@dataclass(frozen=True, slots=True)
class Writer:
    """Every text begins with its own mark, so that no cache of prefixes helps; `run` must differ
    from run to run. The first `shared` tokens before it are the same in every text.
    """

    run: str
    shared: int = 0
    ruler: Ruler = Ruler()

    def write(self, tokens: int, number: str) -> str:
        shared = round(min(self.shared, tokens) / self.ruler.per_word)
        own = max(1, self.ruler.words(tokens) - shared)
        mark = sha256(f"{self.run} {number}".encode()).hexdigest()[:MARK]
        return " ".join([*_words(shared, "shared"), mark, *_words(own, number)])


def _words(count: int, seed: str) -> list[str]:
    return random.Random(seed).choices(WORDS, k=count)
