"""The routes of `tests.ui.shelf`, in front of an API that knows everything else."""

from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.ui.shelf import Item, Kept, Shelf, answer


def page_of(items: list[Item], request: Request) -> Response:
    query, ids = request.query_params, [item["id"] for item in items]
    start = ids.index(query["after"]) + 1 if "after" in query else 0
    end = start + int(query.get("limit", 20))
    last = items[start:end][-1]["id"] if items[start:end] else None
    return JSONResponse({"data": items[start:end], "last_id": last, "has_more": end < len(items)})


class Routes:
    """Every route of documents that the page calls."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def app(self) -> ASGIApp:
        at = "/v1/vector_stores/{store}/files"
        return Starlette(
            routes=[
                Route("/v1/files", self.add_file, methods=["POST"]),
                Route("/v1/files/{file}", self.delete_file, methods=["DELETE"]),
                Route("/v1/vector_stores", self.stores, methods=["GET", "POST"]),
                Route("/v1/vector_stores/{store}", self.store, methods=["GET", "DELETE"]),
                Route(at, self.documents, methods=["GET", "POST"]),
                Route(f"{at}/{{file}}/cancel", self.cancel, methods=["POST"]),
                Route(f"{at}/{{file}}/passages", self.passages),
                Route(f"{at}/{{file}}/original", self.original),
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
            ]
        )

    def _kept(self, request: Request) -> Kept:
        return self._shelf.documents[request.path_params["store"]][request.path_params["file"]]

    async def add_file(self, request: Request) -> Response:
        self._shelf.begun += 1
        if self._shelf.begun <= self._shelf.busy:
            return JSONResponse({}, 429, {"Retry-After": "1"})
        async with request.form() as form:
            file = form["file"]
            assert isinstance(file, UploadFile)
            assert form["purpose"] == "assistants"
            data = await file.read()
        if not data:
            error = {"message": "The file is empty.", "code": "empty_file"}
            return JSONResponse({"error": error}, 400)
        return JSONResponse({"id": self._shelf.add_file(str(file.filename), data)})

    async def delete_file(self, request: Request) -> Response:
        del self._shelf.files[request.path_params["file"]]
        return JSONResponse({})

    async def stores(self, request: Request) -> Response:
        if request.method == "POST":
            body = await request.json()
            return JSONResponse(self._shelf.add_store(body["name"], metadata=body["metadata"]))
        return page_of([self._counted(store) for store in self._shelf.stores.values()], request)

    def _counted(self, store: Item) -> Item:
        states = [kept.status for kept in self._shelf.documents[store["id"]].values()]
        counts = {"total": len(states), "in_progress": states.count("in_progress")}
        return store | {"file_counts": counts}

    async def store(self, request: Request) -> Response:
        name = request.path_params["store"]
        if request.method == "DELETE":
            del self._shelf.documents[name]
            return JSONResponse(self._shelf.stores.pop(name))
        return JSONResponse(self._counted(self._shelf.stores[name]))

    async def documents(self, request: Request) -> Response:
        known = self._shelf.documents[request.path_params["store"]]
        if request.method == "GET":
            told = page_of([kept.told() for kept in known.values()], request)
            for kept in known.values():
                self._shelf.move(kept)
            return told
        body = await request.json()
        _, data = self._shelf.files[body["file_id"]]
        kept = Kept(body["file_id"], body["name"], data)
        self._shelf.keep(request.path_params["store"], kept)
        return JSONResponse(kept.told())

    async def cancel(self, request: Request) -> Response:
        found = self._kept(request)
        if found.status == "in_progress":
            found.status = "cancelled"
        return JSONResponse(found.told())

    async def passages(self, request: Request) -> Response:
        return page_of(list(self._kept(request).passages()), request)

    async def original(self, request: Request) -> Response:
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return Response(
            self._kept(request).data, headers=headers, media_type="application/octet-stream"
        )

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        self._shelf.asked.append(body)
        return StreamingResponse(answer(self._shelf, body), media_type="text/event-stream")


def with_shelf(api: ASGIApp, shelf: Shelf, key: str) -> ASGIApp:
    """Documents, and answers from them, by the shelf; all else by the API itself."""
    documents = Routes(shelf).app()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path.startswith(("/v1/files", "/v1/vector_stores")):
            allowed = (b"authorization", f"Bearer {key}".encode()) in scope["headers"]
            await (documents if allowed else JSONResponse({}, 401))(scope, receive, send)
        elif path == "/v1/chat/completions":
            body = await Request(scope, receive).body()
            chosen = documents if b'"collections"' in body else api
            await chosen(scope, _again(body, receive), send)
        else:
            await api(scope, receive, send)

    return app


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read already, then what comes after it."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Any:
        return next(messages, None) or await receive()

    return replay
