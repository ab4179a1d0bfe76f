"""Documents of a running appliance, asked for over HTTP."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BufferedReader, FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx

STORES: Final = "/v1/vector_stores"
PATIENCE: Final = httpx.Timeout(60.0, connect=5.0)
PAGE: Final = 100

Told = dict[str, Any]
Sent = Callable[[int], None]


class DocsRefused(Exception):
    """What was asked for is not to be had; one line for people."""


class Counted(BufferedReader):
    """A file that tells how many bytes of it were read."""

    def __init__(self, path: Path, sent: Sent) -> None:
        super().__init__(FileIO(path))
        self._sent = sent

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._sent(len(data))
        return data


class DocsClient:
    """Everything may raise `DocsRefused`."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=PATIENCE)
        self._url = url

    def __enter__(self) -> "DocsClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(self, method: str, url: str, query: Mapping[str, Any] | None = None) -> Told:
        return self._checked(self._send(method, url, params=query))

    def collections(self) -> list[Told]:
        return list(self._all(STORES))

    def collection(self, name: str) -> Told:
        """By its id or its name."""
        if (found := self.find(name)) is None:
            raise DocsRefused(f"There is no collection {name!r}: see 'hearth docs collections'.")
        return found

    def find(self, name: str) -> Told | None:
        every = self.collections()
        found = [c for c in every if c["id"] == name] or [c for c in every if c["name"] == name]
        if len(found) > 1:
            ids = ", ".join(each["id"] for each in found)
            raise DocsRefused(f"Several collections are called {name!r}: name one by its id: {ids}")
        return found[0] if found else None

    def chosen(self, name: str | None) -> list[Told]:
        """The collection of this name, or all."""
        return self.collections() if name is None else [self.collection(name)]

    def create(self, name: str) -> Told:
        return self._ask("POST", STORES, {"name": name})

    def change(self, store: str, changes: Told) -> Told:
        return self._ask("POST", f"{STORES}/{store}", changes)

    def delete_collection(self, store: str) -> None:
        self._ask("DELETE", f"{STORES}/{store}")

    def documents(self, store: str, state: str | None = None) -> Iterator[Told]:
        return self._all(f"{STORES}/{store}/files", {"filter": state} if state else {})

    def add(self, store: str, path: Path, name: str, sent: Sent) -> Told:
        """Uploads the file and begins the work; the document."""
        file = self._upload(path, sent)
        return self._ask("POST", f"{STORES}/{store}/files", {"file_id": file, "name": name})

    def delete(self, store: str, document: Told) -> None:
        """The document, and its file unless another collection has it, too."""
        self._ask("DELETE", f"{STORES}/{store}/files/{document['id']}")
        self.forget([document["id"]])

    def forget(self, files: Iterable[str]) -> None:
        """Those files that no document is made from any more; ids of others mean nothing."""
        stores = [each["id"] for each in self.collections()]
        for file in files:
            used = (self._is_there(f"{STORES}/{store}/files/{file}") for store in stores)
            if file.startswith("file-") and not any(used):
                self._send("DELETE", f"/v1/files/{file}")

    def search(self, store: str, question: str, most: int) -> Told:
        asked = {"query": question, "max_num_results": most}
        return self._ask("POST", f"{STORES}/{store}/search", asked)

    def embedder(self, store: str) -> Told:
        return self._ask("GET", f"{STORES}/{store}/embedder")

    def use_former_embedder(self, store: str) -> None:
        self._ask("POST", f"{STORES}/{store}/embedder/back")

    def forget_former_embedder(self, store: str) -> None:
        self._ask("DELETE", f"{STORES}/{store}/embedder/former")

    def share(self, store: str, key: str) -> Told:
        return self._ask("POST", f"{STORES}/{store}/readers", {"key": key})

    def unshare(self, store: str, key: str) -> None:
        """`key`: its id or name, or the tenant of keys that are gone."""
        url = f"{STORES}/{store}/readers"
        for reader in self._all(url, paged=False):
            if key in (reader["id"], *reader["names"]):
                self._ask("DELETE", f"{url}/{reader['id']}")
                return
        raise DocsRefused(f"It is not shared with {key!r}.")

    def _upload(self, path: Path, sent: Sent) -> str:
        with Counted(path, sent) as file:
            form = {"files": {"file": (path.name, file)}, "data": {"purpose": "assistants"}}
            return str(self._checked(self._send("POST", "/v1/files", **form))["id"])

    def _all(
        self, url: str, query: dict[str, str] | None = None, paged: bool = True
    ) -> Iterator[Told]:
        """Every item of a list, oldest first, page by page."""
        asked: dict[str, Any] = {"limit": PAGE, "order": "asc", **(query or {})} if paged else {}
        while True:
            page = self._checked(self._send("GET", url, params=asked))
            yield from page["data"]
            if not page["has_more"]:
                return
            asked["after"] = page["last_id"]

    def _is_there(self, url: str) -> bool:
        return self._send("GET", url).status_code == 200

    def _ask(self, method: str, url: str, body: Told | None = None) -> Told:
        return self._checked(self._send(method, url, json=body))

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, url, **options)
        except httpx.HTTPError as exc:
            raise DocsRefused(f"Nothing answers at {self._url}: is it up? ('hearth up')") from exc

    def _checked(self, response: httpx.Response) -> Told:
        try:
            told: Told = response.json()
            if response.status_code == 200:
                return told
            message = str(told["error"]["message"])
        except (ValueError, KeyError, TypeError) as exc:
            status = response.status_code
            raise DocsRefused(f"No appliance answers at {self._url} (status {status}).") from exc
        raise DocsRefused(message)
