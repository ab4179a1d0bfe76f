"""`/v1/vector_stores/{store}/embedder`: what made a collection's vectors, and the way back.

For its owner and admins.
"""

from typing import Any

from index.library import VectorSet
from serve.api.call import Call, Response, as_json


async def embedder(call: Call) -> Response:
    store = call.params["store"]
    found = await call.house.documents.embedders(call.reader, store)
    current = found.sets[0]
    told = {
        "id": store,
        "object": "vector_store.embedder",
        "asking": found.asking,
        "passages": current.passages,
        "sets": [_vector_set(each) for each in found.sets],
    }
    return as_json(told)


async def go_back(call: Call) -> Response:
    await call.house.documents.use_former_embedder(call.reader, call.params["store"])
    return await embedder(call)


async def forget_former(call: Call) -> Response:
    store = call.params["store"]
    await call.house.documents.forget_former_embedder(call.reader, store)
    return as_json({"id": store, "object": "vector_store.embedder.deleted", "deleted": True})


def _vector_set(found: VectorSet) -> dict[str, Any]:
    return {
        "embedder": found.embedder,
        "use": found.use,
        "passages": found.passages,
        "since": None if found.since is None else int(found.since),
        "recall": found.recall,
    }
