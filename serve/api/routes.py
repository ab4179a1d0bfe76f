"""Every URL there is. What is not in the table does not exist; what is not public needs a key."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from serve.api.call import Call, Response
from serve.api.chat import chat
from serve.api.completions import completions
from serve.api.embeddings import embeddings
from serve.api.health import live, ready
from serve.api.metrics import metrics
from serve.api.model_list import PREFIX, model, models
from serve.api.signin import signin

Handler = Callable[[Call], Awaitable[Response | None]]


@dataclass(frozen=True, slots=True)
class Route:
    """`name` is the URL with its variable parts in braces: one word for all that match."""

    name: str
    handlers: Mapping[str, Handler]
    public: bool = False

    @property
    def allow(self) -> bytes:
        return ", ".join(sorted({*self.handlers, "OPTIONS"})).encode()


def _get(name: str, handler: Handler, public: bool = False) -> Route:
    return Route(name, {"GET": handler, "HEAD": handler}, public)


def _post(name: str, handler: Handler, public: bool = False) -> Route:
    return Route(name, {"POST": handler}, public)


ROUTES = (
    _post("/v1/chat/completions", chat),
    _post("/v1/completions", completions),
    _post("/v1/embeddings", embeddings),
    _get("/v1/models", models),
    _get("/metrics", metrics),
    _post("/signin", signin, public=True),
    _get("/health/live", live, public=True),
    _get("/health/ready", ready, public=True),
)
ONE_MODEL = _get("/v1/models/{id}", model)

_BY_PATH = {route.name.encode(): route for route in ROUTES}


def find(path: bytes) -> Route | None:
    """The route of a raw path, compared byte by byte: nothing is decoded or tidied up first."""
    if (route := _BY_PATH.get(path)) is not None:
        return route
    return ONE_MODEL if path.startswith(PREFIX) and path != PREFIX else None
