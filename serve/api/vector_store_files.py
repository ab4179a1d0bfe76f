"""`/v1/vector_stores/{store}/files`: documents of a collection, and what was made of them."""

from collections.abc import Awaitable, Sequence
from typing import Any, Final, cast, get_args

from index.documents import StoredPassage
from index.errors import InvalidQuery
from index.library import Addition
from index.store.records import State
from serve.api.call import Call, Response, as_json
from serve.api.files import send_attachment
from serve.api.library_objects import document_object, passage_object
from serve.api.lists import PAGING, as_list, asked_of, page_query, whole
from serve.api.schema_vector_stores import ChangedStoreFile, NewStoreFile
from serve.api.vector_stores import asked_for, files_too, noticed

MOST_PASSAGES: Final = 1000  # of a page


async def add_document(call: Call) -> Response:
    """The work goes on after the answer; the document's `status` tells how far it is."""
    asked = await asked_for(call, NewStoreFile)
    library, store = call.house.documents, call.params["store"]
    await noticed(call, await library.collection(call.reader, store))
    with call.receipt.step("add"):
        addition = Addition(store, asked.file_id, asked.name, asked.attributes)
        added = await library.add_document(call.reader, addition)
    return as_json(document_object(added))


async def documents(call: Call) -> Response:
    asked = asked_of(call, (*PAGING, "filter"))
    state = asked.get("filter")
    if state is not None and state not in get_args(State):
        raise InvalidQuery(f"The filter must be one of: {', '.join(get_args(State))}.", "filter")
    page = await call.house.documents.documents(
        call.reader, call.params["store"], page_query(asked), cast("State | None", state)
    )
    return as_list([document_object(each) for each in page.items], page.has_more)


async def document(call: Call) -> Response:
    found = await call.house.documents.document(call.reader, *_named(call))
    return as_json(document_object(found))


async def set_attributes(call: Call) -> Response:
    asked = await asked_for(call, ChangedStoreFile)
    changed = await call.house.documents.set_attributes(
        call.reader, *_named(call), asked.attributes or {}
    )
    return as_json(document_object(changed))


async def cancel_document(call: Call) -> Response:
    cancelled = await call.house.documents.cancel(call.reader, *_named(call))
    return as_json(document_object(cancelled))


async def delete_document(call: Call) -> Response:
    store, name = _named(call)
    await call.house.documents.delete_document(call.reader, store, name, files_too(call))
    return as_json({"id": name, "object": "vector_store.file.deleted", "deleted": True})


async def document_content(call: Call) -> Response:
    """The text of the document, in pieces as it was cut, nothing twice."""
    found = await call.house.documents.passages(call.reader, *_named(call))
    data = [{"type": "text", "text": text} for text in _once(found)]
    page = {"object": "vector_store.file_content.page", "data": data}
    return as_json(page | {"has_more": False, "next_page": None})


def _once(found: Sequence[StoredPassage]) -> list[str]:
    """Texts of passages without what the one before has, too."""
    texts, end = [], 0
    for passage in (each.passage for each in found):
        if text := passage.text[max(0, end - passage.start) :]:
            texts.append(text)
        end = max(end, passage.end)
    return texts


async def passages(call: Call) -> Response:
    asked = asked_of(call, ("limit", "after"))
    limit = whole(asked, "limit", 100, MOST_PASSAGES)
    found = await call.house.documents.passages(call.reader, *_named(call))
    start = _behind(found, asked.get("after"))
    objects: list[dict[str, Any]] = [passage_object(p) for p in found[start : start + limit]]
    return as_list(objects, len(found) > start + limit)


def _behind(found: Sequence[StoredPassage], after: str | None) -> int:
    if after is None:
        return 0
    for place, passage in enumerate(found):
        if str(passage.id) == after:
            return place + 1
    raise InvalidQuery(f"No such id in this list: {after[:64]!r}.", "after")


async def original(call: Call) -> None:
    """The file that the document was made from, for all who may read the collection."""
    library, named = call.house.documents, _named(call)
    found = await library.document(call.reader, *named)

    def read(offset: int) -> Awaitable[bytes]:
        return library.read_original(call.reader, *named, offset)

    await send_attachment(call, found.name.rpartition("/")[2], read)


def _named(call: Call) -> tuple[str, str]:
    """Collection and document."""
    return call.params["store"], call.params["file"]
