"""`/v1/vector_stores/{store}/readers`: with whom a collection is shared, by their keys.

What a key sees belongs to its tenant, so that a rotated key sees the same.
"""

from collections.abc import Iterable
from typing import Any

from index.errors import Conflict, Forbidden
from serve.api.call import Call, Response, as_json
from serve.api.lists import as_list
from serve.api.schema_vector_stores import NewReader
from serve.api.vector_stores import asked_for
from serve.errors import NotFound
from serve.ledger.keys import Key


async def readers(call: Call) -> Response:
    tenants = await _readers(call)
    return as_list([_reader(tenant, call.house.keys.all()) for tenant in tenants], False)


async def share(call: Call) -> Response:
    asked: NewReader = await asked_for(call, NewReader)
    await _readers(call)  # whose collection it is comes before whether there is such a key
    tenant = _tenant(call, asked.key)
    await call.house.documents.share(call.reader, call.params["store"], tenant)
    return as_json(_reader(tenant, call.house.keys.all()))


async def unshare(call: Call) -> Response:
    """A tenant that reads it may be named, too: its keys may be gone."""
    name, tenants = call.params["reader"], await _readers(call)
    tenant = name if name in tenants else _tenant(call, name)
    await call.house.documents.unshare(call.reader, call.params["store"], tenant)
    return as_json({"id": tenant, "object": "vector_store.reader.deleted", "deleted": True})


async def _readers(call: Call) -> tuple[str, ...]:
    """Tenants. Raises `Forbidden` to whoever only reads the collection."""
    found = await call.house.documents.collection(call.reader, call.params["store"])
    if not call.reader.admin and found.record.owner != call.reader.tenant:
        raise Forbidden("Only its owner sees and changes with whom a collection is shared.")
    return found.record.readers


def _tenant(call: Call, key: str) -> str:
    """Of the active key with this id or name. Raises `NotFound`, `Conflict`."""
    every = [each for each in call.house.keys.all() if each.active]
    tenants = {each.tenant for each in every if each.id == key} or {
        each.tenant for each in every if each.name == key
    }
    if not tenants:
        raise NotFound("No active key has this id or name.", "key", "not_found")
    if len(tenants) > 1:
        raise Conflict("Several keys have this name: give the id of one.")
    return tenants.pop()


def _reader(tenant: str, keys: Iterable[Key]) -> dict[str, Any]:
    """With the names of its active keys."""
    names = sorted({key.name for key in keys if key.tenant == tenant and key.active})
    return {"id": tenant, "object": "vector_store.reader", "names": names}
