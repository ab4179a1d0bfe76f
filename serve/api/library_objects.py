"""What is kept of documents, as OpenAI's objects show it, with what Hearth knows besides."""

import time
from typing import Any, Final

from index.documents import Passage, StoredPassage
from index.library import OFF, Collection, keeps_answers
from index.store.records import CollectionRecord, DocumentRecord, FileRecord, Reader

DAY: Final = 86_400  # seconds
EXPIRY: Final = "expires_after_days"  # in a collection's settings
DESCRIPTION: Final = "description"

# Why a document could not be read -> OpenAI's word; what is not here is our fault.
_FAILURES: Final = dict.fromkeys(
    ("encrypted", "no_text", "empty", "damaged", "too_large", "too_slow"), "invalid_file"
) | {"unsupported": "unsupported_file"}


def file_object(file: FileRecord) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": int(file.created_at),
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
        "expires_at": None,
        "sha256": file.sha256,
    }


def collection_object(found: Collection, reader: Reader) -> dict[str, Any]:
    """`access`: what the reader may do with it, as its owner, reader or admin."""
    record, counts = found.record, found.counts
    each = {
        "in_progress": counts.in_progress,
        "completed": counts.completed,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
    }
    return {
        "id": record.id,
        "object": "vector_store",
        "created_at": int(record.created_at),
        "name": record.name,
        "description": record.settings.get(DESCRIPTION),
        "usage_bytes": counts.bytes,
        "file_counts": each | {"total": sum(each.values())},
        "passages": counts.passages,
        "status": _status(found),
        "metadata": record.metadata,
        "last_active_at": int(last_active(record)),
        "access": _access(record, reader),
        "cache": "on" if keeps_answers(record) else OFF,
        **_expiry(record),
    }


def last_active(record: CollectionRecord) -> float:
    """Unix seconds; as far as anybody wants to know: what never expires is not watched."""
    days = record.settings.get(EXPIRY)
    if days is None or record.expires_at is None:
        return record.created_at
    return record.expires_at - float(days) * DAY


def _expiry(record: CollectionRecord) -> dict[str, Any]:
    days = record.settings.get(EXPIRY)
    if days is None or record.expires_at is None:
        return {"expires_after": None, "expires_at": None}
    after = {"anchor": "last_active_at", "days": days}
    return {"expires_after": after, "expires_at": int(record.expires_at)}


def expired(record: CollectionRecord) -> bool:
    return record.expires_at is not None and record.expires_at <= time.time()


def _status(found: Collection) -> str:
    if expired(found.record):
        return "expired"
    return "in_progress" if found.counts.in_progress else "completed"


def _access(record: CollectionRecord, reader: Reader) -> str:
    if record.owner == reader.tenant:
        return "owner"
    return "admin" if reader.admin else "reader"


def document_object(document: DocumentRecord) -> dict[str, Any]:
    """OpenAI's `vector_store.file`."""
    return {
        "id": document.address,
        "object": "vector_store.file",
        "created_at": int(document.created_at),
        "vector_store_id": document.collection,
        "status": document.state,
        "last_error": _last_error(document),
        "usage_bytes": document.bytes,
        "attributes": document.attributes,
        "chunking_strategy": {"type": "other"},
        "document": document.id,
        "name": document.name,
        "title": document.title,
        "media_type": document.media_type,
        "sha256": document.sha256,
        "pages": document.pages,
        "passages": document.passages,
        "notes": document.notes,
        "progress": {"stage": document.stage, "done": document.done, "total": document.total},
    }


def _last_error(document: DocumentRecord) -> dict[str, Any] | None:
    """`reason` is our own word for it."""
    if document.state != "failed":
        return None
    code = _FAILURES.get(document.error_code or "", "server_error")
    return {"code": code, "message": document.error_message, "reason": document.error_code}


def passage_object(found: StoredPassage) -> dict[str, Any]:
    """`start` and `end` are characters of the document's text."""
    passage = found.passage
    return {
        "id": str(found.id),
        "object": "vector_store.passage",
        "ordinal": passage.ordinal,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "tokens": passage.tokens,
        **place_of(passage),
    }


def place_of(passage: Passage) -> dict[str, Any]:
    """Where in its document a reader finds it."""
    return {
        "page": passage.first_page,
        "last_page": passage.last_page,
        "heading": passage.headings[-1] if passage.headings else None,
        "headings": passage.headings,
    }
