"""Every URL there is. What is not in the table does not exist; what is not public needs a key."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from serve.api.admin_cache import cache_entries, cache_stats, flush_cache
from serve.api.call import Call, Response
from serve.api.chat import chat
from serve.api.completions import completions
from serve.api.embeddings import embeddings
from serve.api.files import add_file, delete_file, file, file_content, files
from serve.api.health import live, ready
from serve.api.metrics import metrics
from serve.api.model_list import PREFIX, model, models
from serve.api.readers import readers, share, unshare
from serve.api.signin import signin
from serve.api.vector_store_embedder import embedder, forget_former, go_back
from serve.api.vector_store_files import (
    add_document,
    cancel_document,
    delete_document,
    document,
    document_content,
    documents,
    original,
    passages,
    set_attributes,
)
from serve.api.vector_store_search import search
from serve.api.vector_stores import (
    add_collection,
    change_collection,
    collection,
    collections,
    delete_collection,
)

Handler = Callable[[Call], Awaitable[Response | None]]
Body = Literal["json", "multipart", "none"]
Handlers = Mapping[str, Handler]

_PARAM = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """`name` is the URL with its variable parts in braces: one word for all that match.

    `body` is what a POST brings.
    """

    name: str
    handlers: Handlers
    public: bool = False
    body: Body = "json"

    @property
    def allow(self) -> bytes:
        return ", ".join(sorted({*self.handlers, "OPTIONS"})).encode()

    @property
    def pattern(self) -> re.Pattern[bytes]:
        """Variable parts are plain words, so that there is nothing to decode in them."""
        spelled = _PARAM.sub(r"(?P<\1>[A-Za-z0-9_-]{1,128})", self.name)
        return re.compile(spelled.encode())


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a path, and what stands in its variable parts."""

    route: Route
    params: Mapping[str, str] = field(default_factory=dict)


def _read(handler: Handler) -> Handlers:
    return {"GET": handler, "HEAD": handler}


def _get(name: str, handler: Handler, public: bool = False) -> Route:
    return Route(name, _read(handler), public)


def _post(name: str, handler: Handler, public: bool = False) -> Route:
    return Route(name, {"POST": handler}, public)


_STORES = "/v1/vector_stores"
_STORE = f"{_STORES}/{{store}}"
_DOCUMENT = f"{_STORE}/files/{{file}}"

ROUTES = (
    _post("/v1/chat/completions", chat),
    _post("/v1/completions", completions),
    _post("/v1/embeddings", embeddings),
    _get("/v1/models", models),
    Route("/v1/files", {**_read(files), "POST": add_file}, body="multipart"),
    Route("/v1/files/{file}", {**_read(file), "DELETE": delete_file}),
    _get("/v1/files/{file}/content", file_content),
    Route(_STORES, {**_read(collections), "POST": add_collection}),
    Route(_STORE, {**_read(collection), "POST": change_collection, "DELETE": delete_collection}),
    _post(f"{_STORE}/search", search),
    Route(f"{_STORE}/readers", {**_read(readers), "POST": share}),
    Route(f"{_STORE}/readers/{{reader}}", {"DELETE": unshare}),
    _get(f"{_STORE}/embedder", embedder),
    Route(f"{_STORE}/embedder/back", {"POST": go_back}, body="none"),
    Route(f"{_STORE}/embedder/former", {"DELETE": forget_former}),
    Route(f"{_STORE}/files", {**_read(documents), "POST": add_document}),
    Route(_DOCUMENT, {**_read(document), "POST": set_attributes, "DELETE": delete_document}),
    _get(f"{_DOCUMENT}/content", document_content),
    _get(f"{_DOCUMENT}/passages", passages),
    _get(f"{_DOCUMENT}/original", original),
    Route(f"{_DOCUMENT}/cancel", {"POST": cancel_document}, body="none"),
    Route("/admin/cache", {**_read(cache_stats), "DELETE": flush_cache}),
    _get("/admin/cache/entries", cache_entries),
    _get("/metrics", metrics),
    _post("/signin", signin, public=True),
    _get("/health/live", live, public=True),
    _get("/health/ready", ready, public=True),
)
ONE_MODEL = _get("/v1/models/{id}", model)  # names of models have any characters

_BY_PATH = {route.name.encode(): Match(route) for route in ROUTES if "{" not in route.name}
_BY_PATTERN = [(route.pattern, route) for route in ROUTES if "{" in route.name]


def find(path: bytes) -> Match | None:
    """The route of a raw path, compared byte by byte: nothing is decoded or tidied up first."""
    if (match := _BY_PATH.get(path)) is not None:
        return match
    if path.startswith(PREFIX) and path != PREFIX:
        return Match(ONE_MODEL)
    for pattern, route in _BY_PATTERN:
        if found := pattern.fullmatch(path):
            params = found.groupdict()
            return Match(route, {name: text.decode() for name, text in params.items()})
    return None
