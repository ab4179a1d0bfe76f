"""`/v1/files`: files come in pieces, are kept as they are, and go out as attachments."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final
from urllib.parse import quote

from index.library import PIECE
from serve.api.call import Call, Response, as_json
from serve.api.library_objects import file_object
from serve.api.lists import PAGING, as_list, asked_of, page_query
from serve.api.multipart import OVERHEAD, Form, boundary_of
from serve.api.strict_json import shown
from serve.errors import BadRequest

PURPOSES: Final = ("assistants", "batch", "evals", "fine-tune", "user_data", "vision")
MOST_LISTED: Final = 10_000  # OpenAI's, who has it as the default; a page of ours is shorter

# Whatever the file is, no browser shows or runs it on this site.
_BYTES: Final = b"application/octet-stream"
_SANDBOX: Final = (b"content-security-policy", b"sandbox; default-src 'none'")


async def add_file(call: Call) -> Response:
    upload = secrets.token_hex(16)
    try:
        with call.receipt.step("receive"):
            form = await _received(call, upload)
        purpose = _checked(form)
        with call.receipt.step("keep"):
            name = form.filename or ""
            kept = await call.house.documents.add_file(call.reader, name, upload, purpose)
    finally:
        await asyncio.shield(call.house.documents.discard(upload))
    return as_json(file_object(kept))


async def _received(call: Call, upload: str) -> Form:
    """The form, its file at the library under the name `upload`."""
    library, most = call.house.documents, call.house.settings.limits.file_bytes
    here = bytearray()
    form = Form(boundary_of(call.headers.only(b"content-type") or b""), most, here.extend)
    async with aclosing(call.pieces(most + OVERHEAD)) as pieces:
        async for piece in pieces:
            form.feed(piece)
            while len(here) >= PIECE:
                await library.receive(upload, bytes(here[:PIECE]))
                del here[:PIECE]
    form.close()
    if here:
        await library.receive(upload, bytes(here))
    return form


def _checked(form: Form) -> str:
    """Its purpose. Raises `BadRequest`."""
    for name in form.fields:
        if name.startswith("expires_after"):
            text = "'expires_after' is not supported: a file is kept until it is deleted."
            raise BadRequest(text, "expires_after", "unsupported_parameter")
        if name not in ("purpose", "file"):
            raise BadRequest(f"Unknown parameter: {shown(name)}.", name[:64], "unknown_parameter")
    if form.filename is None:
        text = "The form needs a part 'file' with a file name."
        raise BadRequest(text, "file", "missing_required_parameter")
    if not form.size:
        raise BadRequest("The file is empty.", "file", "empty_file")
    purpose = form.fields.get("purpose")
    if purpose is None:
        text = "Missing required parameter: 'purpose'."
        raise BadRequest(text, "purpose", "missing_required_parameter")
    if purpose not in PURPOSES:
        known = ", ".join(PURPOSES)
        raise BadRequest(f"The purpose must be one of: {known}.", "purpose", "invalid_value")
    return purpose


async def files(call: Call) -> Response:
    asked = asked_of(call, (*PAGING, "purpose"))
    query = page_query(asked, MOST_LISTED, MOST_LISTED)
    page = await call.house.documents.files(call.reader, query, asked.get("purpose"))
    return as_list([file_object(each) for each in page.items], page.has_more)


async def file(call: Call) -> Response:
    return as_json(file_object(await call.house.documents.file(call.reader, call.params["file"])))


async def delete_file(call: Call) -> Response:
    name = call.params["file"]
    await call.house.documents.delete_file(call.reader, name)
    return as_json({"id": name, "object": "file", "deleted": True})


async def file_content(call: Call) -> None:
    library, name = call.house.documents, call.params["file"]
    found = await library.file(call.reader, name)

    def read(offset: int) -> Awaitable[bytes]:
        return library.read_file(call.reader, name, offset)

    await send_attachment(call, found.name, read)


async def send_attachment(call: Call, name: str, read: Callable[[int], Awaitable[bytes]]) -> None:
    """What `read` gives from an offset on, until there is no more. Raises what it raises first."""
    async with aclosing(_pieces(read)) as pieces:
        first = await anext(pieces)
        headers = ((b"content-disposition", disposition(name)), _SANDBOX)
        await call.begin(_BYTES, headers)
        if call.method != "HEAD":
            await call.send_part(first, _BYTES)
            async for piece in pieces:
                await call.send_part(piece, _BYTES)
        await call.send_part(b"", _BYTES, more=False)


async def _pieces(read: Callable[[int], Awaitable[bytes]]) -> AsyncGenerator[bytes, None]:
    """At least one, if only an empty one."""
    offset = 0
    while True:
        piece = await read(offset)
        yield piece
        offset += len(piece)
        if len(piece) < PIECE:
            return


def disposition(name: str) -> bytes:
    """An attachment of this name: for all browsers in ASCII, and as it is (RFC 6266)."""
    plain = "".join(c if (c.isalnum() and c.isascii()) or c in " ._-" else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}".encode()
