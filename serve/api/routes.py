"""Every URL there is. What is not in the table does not exist; what is not public needs a key."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from serve.api.admin_benchmarks import benchmark, benchmarks
from serve.api.admin_cache import cache_entries, cache_stats, flush_cache
from serve.api.admin_config import configuration
from serve.api.admin_keys import (
    add_key,
    audit,
    change_key,
    groups,
    key,
    keys,
    put_group,
    remove_group,
    revoke_key,
    rotate_key,
)
from serve.api.admin_live import live as live_state
from serve.api.admin_overview import overview
from serve.api.admin_quality import forget_quality, quality, run_quality
from serve.api.admin_receipts import receipts
from serve.api.admin_usage import used
from serve.api.call import Call, Response
from serve.api.chat import chat
from serve.api.completions import completions
from serve.api.embeddings import embeddings
from serve.api.files import add_file, delete_file, file, file_content, files
from serve.api.guard import SAFE_METHODS
from serve.api.health import live, ready
from serve.api.metrics import metrics
from serve.api.model_list import PREFIX, model, models
from serve.api.moderations import moderations
from serve.api.own_key import own_key
from serve.api.readers import readers, share, unshare
from serve.api.receipts import feedback_summary, give_feedback, receipt
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
from serve.ledger.rights import Scope

Handler = Callable[[Call], Awaitable[Response | None]]
Body = Literal["json", "multipart", "none"]
Handlers = Mapping[str, Handler]
Scopes = tuple[Scope, ...]

_PARAM = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """`name` is the URL with its variable parts in braces: one word for all that match.

    `body` is what a POST brings. A key needs one of `scopes`, to read one of `readers`; without
    any, each key will do.
    """

    name: str
    handlers: Handlers
    public: bool = False
    body: Body = "json"
    scopes: Scopes = ()
    readers: Scopes | None = None

    @property
    def allow(self) -> bytes:
        return ", ".join(sorted({*self.handlers, "OPTIONS"})).encode()

    def needs(self, method: str) -> Scopes:
        """The scopes of which a key must have one."""
        if self.readers is not None and method in SAFE_METHODS:
            return self.readers
        return self.scopes

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


def _post(name: str, handler: Handler, scopes: Scopes) -> Route:
    return Route(name, {"POST": handler}, scopes=scopes)


def _kept(name: str, handlers: Handlers, body: Body = "json") -> Route:
    """Of documents: who asks may read, who ingests may change."""
    return Route(name, handlers, body=body, scopes=("ingest",), readers=("chat", "ingest"))


def _admin(name: str, handlers: Handlers, body: Body = "json") -> Route:
    return Route(name, handlers, body=body, scopes=("admin",))


_QUALITY = {**_read(quality), "POST": run_quality, "DELETE": forget_quality}
_STORES = "/v1/vector_stores"
_STORE = f"{_STORES}/{{store}}"
_DOCUMENT = f"{_STORE}/files/{{file}}"

ROUTES = (
    _post("/v1/chat/completions", chat, ("chat",)),
    _post("/v1/completions", completions, ("chat",)),
    _post("/v1/embeddings", embeddings, ("embed",)),
    _post("/v1/moderations", moderations, ("chat",)),
    _get("/v1/models", models),
    _get("/v1/key", own_key),
    _get("/v1/receipts/{receipt}", receipt),
    _post("/v1/feedback", give_feedback, ("chat",)),
    _kept("/v1/files", {**_read(files), "POST": add_file}, body="multipart"),
    _kept("/v1/files/{file}", {**_read(file), "DELETE": delete_file}),
    _kept("/v1/files/{file}/content", _read(file_content)),
    _kept(_STORES, {**_read(collections), "POST": add_collection}),
    _kept(_STORE, {**_read(collection), "POST": change_collection, "DELETE": delete_collection}),
    _post(f"{_STORE}/search", search, ("chat", "ingest")),
    _kept(f"{_STORE}/readers", {**_read(readers), "POST": share}),
    _kept(f"{_STORE}/readers/{{reader}}", {"DELETE": unshare}),
    _kept(f"{_STORE}/embedder", _read(embedder)),
    _kept(f"{_STORE}/embedder/back", {"POST": go_back}, body="none"),
    _kept(f"{_STORE}/embedder/former", {"DELETE": forget_former}),
    _kept(f"{_STORE}/files", {**_read(documents), "POST": add_document}),
    _kept(_DOCUMENT, {**_read(document), "POST": set_attributes, "DELETE": delete_document}),
    _kept(f"{_DOCUMENT}/content", _read(document_content)),
    _kept(f"{_DOCUMENT}/passages", _read(passages)),
    _kept(f"{_DOCUMENT}/original", _read(original)),
    _kept(f"{_DOCUMENT}/cancel", {"POST": cancel_document}, body="none"),
    _admin("/admin/keys", {**_read(keys), "POST": add_key}),
    _admin("/admin/keys/{key}", {**_read(key), "PATCH": change_key, "DELETE": revoke_key}),
    _admin("/admin/keys/{key}/rotate", {"POST": rotate_key}),
    _admin("/admin/groups", {**_read(groups), "POST": put_group}),
    _admin("/admin/groups/{group}", {"DELETE": remove_group}),
    _admin("/admin/audit", _read(audit)),
    _admin("/admin/cache", {**_read(cache_stats), "DELETE": flush_cache}),
    _admin("/admin/cache/entries", _read(cache_entries)),
    _admin("/admin/quality", _QUALITY, body="none"),
    _admin("/admin/feedback", _read(feedback_summary)),
    _admin("/admin/receipts", _read(receipts)),
    _admin("/admin/benchmarks", _read(benchmarks)),
    _admin("/admin/benchmarks/{name}", _read(benchmark)),
    _admin("/admin/live", _read(live_state)),
    _admin("/admin/config", _read(configuration)),
    _admin("/admin/overview", _read(overview)),
    _admin("/admin/usage", _read(used)),
    _get("/metrics", metrics),
    Route("/signin", {"POST": signin}, public=True),
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
