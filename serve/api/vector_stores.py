"""`/v1/vector_stores`: collections of documents, in OpenAI's shapes."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from index.caches.memory import Scope
from index.errors import StorageBusy
from index.library import CACHE, OFF, Addition, Collection
from index.store.collections import Changes, NewCollection
from index.store.records import Reader
from serve.api.call import Call, Response, as_json
from serve.api.library_objects import (
    DAY,
    DESCRIPTION,
    EXPIRY,
    collection_object,
    expired,
    last_active,
)
from serve.api.lists import PAGING, as_list, asked_of, one_of, page_query
from serve.api.schema import Schema, validated
from serve.api.schema_vector_stores import ChangedStore, ExpiresAfter, NewStore

UNTITLED: Final = "untitled"
WATCHED: Final = 3600.0  # seconds: how exactly it is known when something was last active


async def add_collection(call: Call) -> Response:
    asked = await asked_for(call, NewStore)
    library, reader = call.house.documents, call.reader
    with call.receipt.step("create"):
        # All of them are looked at before anything is made.
        files = [(await library.file(reader, name)).id for name in asked.file_ids or ()]
        made = await library.create_collection(reader, _new(asked))
        for name in files:
            await library.add_document(reader, Addition(made.record.id, name))
        found = await library.collection(reader, made.record.id) if files else made
    return as_json(collection_object(found, reader))


async def asked_for(call: Call, schema: type[Schema]) -> Any:
    """The body as a `schema`. Raises `BadRequest`."""
    return validated(schema, await call.document(), call.house.settings.limits)


def _new(asked: NewStore) -> NewCollection:
    settings: dict[str, Any] = {}
    if asked.description:
        settings[DESCRIPTION] = asked.description
    if asked.expires_after:
        settings[EXPIRY] = asked.expires_after.days
    if asked.cache:
        settings[CACHE] = asked.cache
    expires = _end_of(asked.expires_after)
    return NewCollection(asked.name or UNTITLED, asked.metadata or {}, settings, expires)


def _end_of(after: ExpiresAfter | None) -> float | None:
    return time.time() + after.days * DAY if after else None


async def collections(call: Call) -> Response:
    query = page_query(asked_of(call, PAGING))
    page = await call.house.documents.collections(call.reader, query)
    objects = [collection_object(each, call.reader) for each in page.items]
    return as_list(objects, page.has_more)


async def collection(call: Call) -> Response:
    found = await call.house.documents.collection(call.reader, call.params["store"])
    return as_json(collection_object(found, call.reader))


async def change_collection(call: Call) -> Response:
    asked = await asked_for(call, ChangedStore)
    library, name = call.house.documents, call.params["store"]
    found = await library.collection(call.reader, name)
    changes = _changes(asked, found.record.settings)
    changed = await library.change_collection(call.reader, name, changes)
    if asked.cache == OFF:
        await _forget_answers(call, name)
    return as_json(collection_object(changed, call.reader))


def _changes(asked: ChangedStore, settings: Mapping[str, Any]) -> Changes:
    kept, expires = dict(settings), None
    if asked.cache:
        kept[CACHE] = asked.cache
    if "expires_after" in asked.model_fields_set:
        kept.pop(EXPIRY, None)
        expires = _end_of(asked.expires_after) or 0
    if asked.expires_after:
        kept[EXPIRY] = asked.expires_after.days
    return Changes(asked.name, asked.metadata, kept if kept != settings else None, expires)


async def delete_collection(call: Call) -> Response:
    name, with_files = call.params["store"], files_too(call)
    await call.house.documents.delete_collection(call.reader, name, with_files)
    await _forget_answers(call, name)
    return as_json({"id": name, "object": "vector_store.deleted", "deleted": True})


def files_too(call: Call) -> bool:
    """Whether files go with what was made from them: OpenAI's stay. Raises `BadRequest`."""
    return one_of(asked_of(call, ("files",)), "files", ("keep", "unused"), "keep") == "unused"


async def _forget_answers(call: Call, collection: str) -> None:
    """They would not be given again, but they would be there until they are too old: as they will
    where their process is out of reach.
    """
    if call.house.memory is not None:
        with suppress(StorageBusy):
            await call.house.memory.flush(Scope(collection=collection), dry_run=False)


async def noticed(call: Call, found: Collection) -> None:
    """It was used: what expires after its last use lives on. Told to the library once an hour."""
    record, now = found.record, time.time()
    days = record.settings.get(EXPIRY)
    if days is None or expired(record) or now - last_active(record) < WATCHED:
        return
    # Whoever may read it may keep it alive, which no reader could do by changing it.
    owner = Reader(record.owner)
    later = Changes(expires_at=now + float(days) * DAY)
    await call.house.documents.change_collection(owner, record.id, later)
