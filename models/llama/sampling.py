"""From a row of logits to a token: greedy in numpy, everything else in llama.cpp's samplers.

The order is OpenAI's and vLLM's: bias, penalties over what was generated, temperature, top-p, one
draw from the seeded generator of the sequence. Each sequence has its own chain, so who else runs
changes nothing.
"""

import secrets
import weakref
from typing import Final

import llama_cpp  # noqa: TID253  (imported only by processes that run this engine)
import numpy as np

from models.engine import Sampling, TokenLogprob, TopLogprob
from models.llama.library import Context, Logits, Model

_SEEDS: Final = 0xFFFFFFFF  # as a seed, this value asks llama.cpp for a random one


class Sampler:
    """Chooses one sequence's tokens, in order. `horizon`: the most tokens it will produce."""

    def __init__(self, model: Model, sampling: Sampling, horizon: int) -> None:
        self._chain = None
        if not _is_plain_greedy(sampling):
            self._chain = _chain(model.vocabulary_size, sampling, horizon)
            weakref.finalize(self, llama_cpp.llama_sampler_free, self._chain)

    def sample(self, context: Context, row: int, logits: Logits) -> int:
        """The next token from `logits`, which must be output `row` of the context's last step."""
        if self._chain is None:
            return int(logits.argmax())
        return context.sample(self._chain, row)


def _is_plain_greedy(sampling: Sampling) -> bool:
    changed = sampling.logit_bias or sampling.presence_penalty or sampling.frequency_penalty
    return sampling.temperature == 0 and not changed


def _chain(vocabulary_size: int, sampling: Sampling, horizon: int) -> "llama_cpp.llama_sampler_p":
    parameters = llama_cpp.llama_sampler_chain_default_params()
    chain: llama_cpp.llama_sampler_p = llama_cpp.llama_sampler_chain_init(parameters)
    if sampling.logit_bias:
        pairs = [llama_cpp.llama_logit_bias(t, b) for t, b in sampling.logit_bias.items()]
        biases = (llama_cpp.llama_logit_bias * len(pairs))(*pairs)
        bias = llama_cpp.llama_sampler_init_logit_bias(vocabulary_size, len(pairs), biases)
        llama_cpp.llama_sampler_chain_add(chain, bias)
    if sampling.presence_penalty or sampling.frequency_penalty:
        frequency, presence = sampling.frequency_penalty, sampling.presence_penalty
        penalties = llama_cpp.llama_sampler_init_penalties(
            vocabulary_size, horizon, 1.0, frequency, presence
        )
        llama_cpp.llama_sampler_chain_add(chain, penalties)
    for sampler in _draw(sampling):
        llama_cpp.llama_sampler_chain_add(chain, sampler)
    return chain


def _draw(sampling: Sampling) -> list["llama_cpp.llama_sampler_p"]:
    if sampling.temperature == 0:
        return [llama_cpp.llama_sampler_init_greedy()]
    temperature = llama_cpp.llama_sampler_init_temp(sampling.temperature)
    seed = secrets.randbelow(_SEEDS) if sampling.seed is None else sampling.seed % _SEEDS
    draw = llama_cpp.llama_sampler_init_dist(seed)
    if sampling.top_p >= 1:
        return [temperature, draw]
    return [temperature, llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1), draw]


def log_probabilities(logits: Logits) -> Logits:
    """Natural logarithms of softmax over (vocabulary,) logits: of the model, before any mask."""
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), np.float32)


def token_logprob(model: Model, logprobs: Logits, token: int, top: int) -> TokenLogprob:
    """What `token` had, and the `top` likeliest, from `log_probabilities`."""
    likeliest = np.argpartition(logprobs, -top)[-top:] if top else np.empty(0, np.int64)
    ordered = likeliest[np.argsort(-logprobs[likeliest])]
    return TokenLogprob(
        *_named(model, logprobs, token),
        top=tuple(TopLogprob(*_named(model, logprobs, int(t))) for t in ordered),
    )


def _named(model: Model, logprobs: Logits, token: int) -> tuple[str, bytes, float]:
    piece = model.piece(token) or model.spelling(token).encode()
    return piece.decode(errors="replace"), piece, float(logprobs[token])
