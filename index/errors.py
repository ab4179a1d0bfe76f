"""Why documents are not taken, found or kept.

    IndexRefusal
    ├── ParseRefused       this file gives no text: encrypted, scanned, empty, damaged, …
    ├── Unknown            no such collection, document or file, or none of this reader's
    ├── Forbidden          this reader may read it, and no more
    ├── Conflict           it exists already, or is being worked on
    ├── InvalidQuery       a filter or question that cannot be understood
    ├── VectorsRefused     an embedder gave something that is no set of vectors
    ├── StorageFull        the disk or the quota is full: nothing was kept
    ├── StorageBusy        somebody else holds the database: come back
    └── StorageFailed      the disk does not keep what it is given: reading goes on

Every argument goes positionally to `Exception.__init__`, so that refusals cross processes.
`message` is for people and names no path of this machine.
"""

from typing import Literal

ParseCode = Literal[
    "encrypted", "no_text", "empty", "damaged", "unsupported", "too_large", "too_slow"
]


class IndexRefusal(Exception):
    @property
    def message(self) -> str:
        return str(self.args[0])


class ParseRefused(IndexRefusal):
    """`message` says what is wrong with the file and what its owner can do."""

    def __init__(self, message: str, code: ParseCode):
        super().__init__(message, code)
        self.code = code


class Unknown(IndexRefusal):
    """`kind` is collection, document or file. Whose it is, is not told."""

    def __init__(self, kind: str, name: str):
        super().__init__(kind, name)
        self.kind = kind

    @property
    def message(self) -> str:
        return f"No {self.kind} has the id {self.args[1][:64]!r}."


class Forbidden(IndexRefusal):
    pass


class Conflict(IndexRefusal):
    pass


class InvalidQuery(IndexRefusal):
    """`param` names the field as the HTTP interface spells it."""

    def __init__(self, message: str, param: str | None = None):
        super().__init__(message, param)
        self.param = param


class VectorsRefused(IndexRefusal):
    pass


class StorageFull(IndexRefusal):
    pass


class StorageBusy(IndexRefusal):
    """`retry_after` in seconds."""

    def __init__(self, message: str, retry_after: float = 1.0):
        super().__init__(message, retry_after)
        self.retry_after = retry_after


class StorageFailed(IndexRefusal):
    pass
