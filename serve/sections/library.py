"""Documents, and how answers are made from them."""

from pathlib import Path

from pydantic import Field

from serve.sections.section import Section


class LibrarySettings(Section):
    """What is kept of documents, and where."""

    enabled: bool = Field(True, description="Collections, files and answers from documents.")
    quota_bytes: int | None = Field(
        None, ge=1 << 20, description="Most bytes of the documents' database; none: the disk."
    )


class RetrievalSettings(Section):
    """How passages are found, and what of them an answer sees."""

    passages: int = Field(5, ge=1, le=50, description="Passages for one answer, at most.")
    prompt_share: float = Field(
        0.5, gt=0, lt=1, description="Of a tier's context, at most this much for passages."
    )
    threshold: float = Field(
        0.1, ge=0, le=1, description="How likely a passage must be about the question, where an "
        "answer may come from documents only."
    )  # fmt: skip
    rerank: bool = Field(True, description="Passages are compared with the question word by word.")
    reranker: Path | None = Field(
        None, description="Folder of a cross-encoder (sentence-transformers) that ranks them last."
    )
    patience: float = Field(
        5.0, gt=0, description="Seconds to embed a question; then it is searched by words alone."
    )
