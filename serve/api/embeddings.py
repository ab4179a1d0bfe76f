"""`POST /v1/embeddings`."""

import base64
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from models.embedder import Embedder, Inputs, shortened
from models.engine import Usage
from serve.api.call import Call, Response, as_json
from serve.api.permission import payers_of
from serve.api.schema import validated
from serve.api.schema_embeddings import EmbeddingRequest
from serve.errors import NotFound
from serve.policy.accounts import Cost
from serve.policy.estimates import FIRST_BYTES
from serve.request import model_not_allowed


async def embeddings(call: Call) -> Response:
    document = await call.document()
    limits = call.house.settings.limits
    asked = validated(EmbeddingRequest, document, limits).checked(limits)
    embedder = _embedder(call, asked.model)
    if not call.rights.allow_model(asked.model):
        raise model_not_allowed(asked.model)
    call.receipt.model = asked.model
    billing, inputs = call.house.pipeline.billing, cast("Inputs", asked.input)
    payers = payers_of(call) + billing.payer_of(asked.model)
    expected = Cost(1.0, sum(map(len, inputs)) / FIRST_BYTES)
    with await billing.limiting.hold(payers, expected, call.receipt) as hold:
        with call.receipt.step("embed"):
            found = await call.unless_gone(embedder.embed(inputs))
        hold.truth = Cost(1.0, sum(found.tokens))
    vectors = shortened(found.vectors, asked.dimensions) if asked.dimensions else found.vectors
    tokens = sum(found.tokens)
    call.receipt.usage = Usage(tokens, 0)
    return as_json(
        {
            "object": "list",
            "data": _rows(vectors, asked.encoding_format),
            "model": asked.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def _embedder(call: Call, model: str) -> Embedder:
    embedder = call.house.embedder
    if embedder is None or model != call.house.settings.embedder.model:
        raise NotFound(
            "The model does not exist or makes no embeddings.", "model", "model_not_found"
        )
    return embedder


def _rows(vectors: NDArray[np.float32], encoding: str | None) -> list[dict[str, Any]]:
    """`vectors` (n, d); base64 is of little-endian 32-bit floats, as OpenAI's clients expect."""
    return [
        {"object": "embedding", "index": index, "embedding": _spelled(vector, encoding)}
        for index, vector in enumerate(np.ascontiguousarray(vectors, "<f4"))
    ]


def _spelled(vector: NDArray[np.float32], encoding: str | None) -> NDArray[np.float32] | str:
    return base64.b64encode(vector.tobytes()).decode() if encoding == "base64" else vector
