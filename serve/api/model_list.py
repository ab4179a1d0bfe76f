"""`GET /v1/models` and `/v1/models/{id}`: OpenAI's model object, with what a client wants to know

besides: `context_length` in tokens, the `tier` that answers, and its `state`.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from serve.api.call import Call, Response, as_json
from serve.api.states import State
from serve.errors import NotFound
from serve.request import AUTO

PREFIX = b"/v1/models/"
EMBEDDING_TIER = "embeddings"


async def models(call: Call) -> Response:
    return as_json({"object": "list", "data": await _models(call)})


async def model(call: Call) -> Response:
    name = unquote_to_bytes(call.path.removeprefix(PREFIX)).decode("utf-8", "replace")
    for known in await _models(call):
        if known["id"] == name:
            return as_json(known)
    raise NotFound("The model does not exist.", param="model", code="model_not_found")


async def _models(call: Call) -> list[dict[str, Any]]:
    house = call.house
    states = await house.states.now()
    answering = [
        {
            "id": engine.card.name,
            "object": "model",
            "created": engine.card.created,
            "owned_by": "hearth",
            "context_length": engine.card.context_length,
            "tier": tier,
            "state": states[tier].state,
            "reason": states[tier].reason,
        }
        for tier, engine in house.tiers.items()
    ]
    auto = [_auto(call, states)] if len(answering) > 1 else []
    every = [*answering, *auto, *_embedding_models(call)]
    return [one for one in every if one["id"] == AUTO or call.rights.allow_model(one["id"])]


def _auto(call: Call, states: Mapping[str, State]) -> dict[str, Any]:
    """Whichever tier suits the request."""
    ready = any(state.is_ready for state in states.values())
    length = max(engine.card.context_length for engine in call.house.tiers.values())
    card = {"id": AUTO, "object": "model", "created": 0, "owned_by": "hearth", "tier": AUTO}
    return {**card, "context_length": length, "state": "ready" if ready else "unavailable"}


def _embedding_models(call: Call) -> list[dict[str, Any]]:
    if call.house.embedder is None:
        return []
    card = {"id": call.house.settings.embedder.model, "object": "model", "created": 0}
    return [{**card, "owned_by": "hearth", "tier": EMBEDDING_TIER}]
