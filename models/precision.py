"""The precision in which a model computes passages: the quickest whose vectors stay the same.

bfloat16 is several times as quick on processors with AMX, and hardly quicker on some others; so
where the processor computes it at all, both are tried once, on a batch of random tokens.
"""

import copy
import time
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

SAME: Final = 0.999  # least cosine of a vector to that of float32
GAIN: Final = 0.8  # of the time, at most: less is not worth another copy in memory
ROWS, TOKENS, TRIES = 4, 64, 3


class Tried(NamedTuple):
    seconds: float  # the best of `TRIES`
    vectors: "Tensor"


def quickest(model: "SentenceTransformer", halved: "SentenceTransformer") -> "SentenceTransformer":
    """Of a model in float32 and the same one in bfloat16."""
    whole, half = tried(model), tried(halved)
    cosines = (whole.vectors * half.vectors).sum(dim=1)
    better = half.seconds < GAIN * whole.seconds and float(cosines.min()) >= SAME
    return halved if better else model


def in_bfloat16(model: "SentenceTransformer") -> "SentenceTransformer":
    """A copy."""
    return copy.deepcopy(model).bfloat16()


def computed(model: "SentenceTransformer", tokens: "Tensor", mask: "Tensor") -> dict[str, "Tensor"]:
    """What the model makes of (n, t) tokens; whatever comes after its layers is float32."""
    import torch

    found = {"input_ids": tokens, "attention_mask": mask}
    with torch.inference_mode():
        for part in model:
            found = part(found)
            found["token_embeddings"] = found["token_embeddings"].float()
    return found


def tried(model: "SentenceTransformer") -> Tried:
    import torch

    chance = torch.Generator().manual_seed(0)
    tokens = torch.randint(1000, 20000, (ROWS, TOKENS), generator=chance)
    taken = []
    for _ in range(TRIES):
        start = time.perf_counter()
        found = computed(model, tokens, torch.ones_like(tokens))
        taken.append(time.perf_counter() - start)
    return Tried(min(taken), found["sentence_embedding"])
