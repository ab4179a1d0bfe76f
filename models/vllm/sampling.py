"""Our sampling in vLLM's words."""

from typing import TYPE_CHECKING

from models.engine import Sampling
from models.text.reading import Reading

if TYPE_CHECKING:
    from vllm import SamplingParams


def parameters(sampling: Sampling, read: Reading, ends: frozenset[int]) -> "SamplingParams":
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    grammar = StructuredOutputsParams(grammar=read.grammar) if read.grammar else None
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=read.output,
        stop_token_ids=sorted(ends),
        seed=sampling.seed,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        logit_bias=dict(sampling.logit_bias) or None,
        logprobs=sampling.top_logprobs,
        structured_outputs=grammar,
        detokenize=False,
        output_kind=RequestOutputKind.DELTA,
    )
