"""What is asked of the Hugging Face Hub, or of a mirror that speaks like it.

    GET /api/models/<repository>/revision/<revision>?blobs=true    the commit, its files and hashes
    GET /<repository>/resolve/<commit>/<file>                      a file, from any byte on

`huggingface_hub` is asked only for the address and the token that its owner configured.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final, Self
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, ValidationError

MAX_ANSWER_BYTES: Final = 32 << 20
TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)  # seconds
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})


class HubRefused(Exception):
    """The Hub does not give what is asked for. `args[0]` says why, and what to do."""


class HubInterrupted(Exception):
    """The connection could not be made or broke off: trying again may help. `args[0]` says why."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """Large files have a `sha256`; every other has the hash under which git keeps it."""

    name: str
    size: int
    sha256: str | None
    git_sha1: str


@dataclass(frozen=True, slots=True)
class Repository:
    name: str
    commit: str
    licence: str | None
    files: tuple[HubFile, ...]


class _Lfs(BaseModel):
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Sibling(BaseModel):
    rfilename: str
    size: Annotated[int, Field(ge=0)]
    blobId: Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
    lfs: _Lfs | None = None

    def file(self) -> HubFile:
        return HubFile(
            self.rfilename, self.size, self.lfs.sha256 if self.lfs else None, self.blobId
        )


class _Info(BaseModel):
    sha: Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
    siblings: list[_Sibling]
    tags: list[str] = []


class Hub:
    """`endpoint` None: the Hub itself, or the mirror that the environment names (HF_ENDPOINT).

    Every method may raise `HubRefused` and `HubInterrupted`. To be closed by `with`.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        from huggingface_hub import constants, get_token

        usual = constants.ENDPOINT.rstrip("/")
        self._endpoint = (endpoint or usual).rstrip("/")
        token = get_token() if self._endpoint == usual else None
        headers = {"Accept-Encoding": "identity", "User-Agent": "hearth"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(headers=headers, timeout=TIMEOUT, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def repository(self, name: str, revision: str) -> Repository:
        """What the revision (a branch, tag or commit) holds now."""
        if not _REPOSITORY.fullmatch(name):
            raise HubRefused(f"{name!r} is no repository: it is called owner/model.")
        path = f"/api/models/{name}/revision/{quote(revision, safe='')}?blobs=true"
        with self._get(path, {}) as response:
            answer = _bounded(response)
        try:
            info = _Info.model_validate_json(answer)
        except ValidationError as exc:
            raise HubRefused(f"{self._endpoint} does not answer as the Hub does.") from exc
        licences = [tag[8:] for tag in info.tags if tag.startswith("license:")]
        files = tuple(sibling.file() for sibling in info.siblings)
        return Repository(name, info.sha, licences[0] if licences else None, files)

    @contextmanager
    def content(
        self, repository: Repository, file: HubFile, start: int
    ) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Where the answer begins (`start`, or 0 for want of ranges), and its chunks."""
        path = f"/{repository.name}/resolve/{repository.commit}/{quote(file.name)}"
        with self._get(path, {"Range": f"bytes={start}-"} if start else {}) as response:
            begins = start if response.status_code == httpx.codes.PARTIAL_CONTENT else 0
            yield begins, response.iter_raw()

    @contextmanager
    def _get(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        try:
            with self._client.stream("GET", self._endpoint + path, headers=headers) as response:
                self._require_success(response)
                yield response
        except (httpx.TransportError, httpx.TooManyRedirects) as exc:
            raise HubInterrupted(f"{self._endpoint} cannot be reached: {exc}") from exc
        except httpx.InvalidURL as exc:
            raise HubRefused(f"{self._endpoint} is no address of a Hub.") from exc

    def _require_success(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in _PASSING:
            raise HubInterrupted(f"{self._endpoint} is busy (status {status}).")
        if status in (401, 403):
            raise HubRefused(
                "The repository does not exist, or is private or gated: accept its licence on "
                "its page, and log in with 'hf auth login' or HF_TOKEN."
            )
        if status == 404:
            raise HubRefused("There is no such repository, revision or file.")
        if not response.is_success:
            raise HubRefused(f"{self._endpoint} refuses (status {status}).")


def _bounded(response: httpx.Response) -> bytes:
    answer = bytearray()
    for chunk in response.iter_raw():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            raise HubRefused("The Hub's answer is too long.")
    return bytes(answer)
