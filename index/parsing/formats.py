"""Every kind of file that can be read, and the module that reads it."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import Final

from index.parsing.content import Reader

SUPPORTED: Final = (
    "Supported are PDF, Word (DOCX), PowerPoint (PPTX), Excel (XLSX, XLS), CSV, HTML, Markdown, "
    "plain text, EPUB, e-mail (EML, MSG), JSON, Jupyter notebooks, RSS, XML, source code, and ZIP "
    "archives of these."
)


@dataclass(frozen=True, slots=True)
class Format:
    """`label` is for people. `module` has a `read`; it is imported when it is needed."""

    label: str
    media_type: str
    module: str

    def reader(self) -> Reader:
        found: Reader = import_module(f"index.parsing.{self.module}").read
        return found


_OFFICE: Final = "application/vnd.openxmlformats-officedocument"

PDF: Final = Format("PDF", "application/pdf", "pdf.document")
DOCX: Final = Format("Word document", f"{_OFFICE}.wordprocessingml.document", "word")
PPTX: Final = Format("presentation", f"{_OFFICE}.presentationml.presentation", "slides")
XLSX: Final = Format("spreadsheet", f"{_OFFICE}.spreadsheetml.sheet", "spreadsheet")
XLS: Final = Format("spreadsheet", "application/vnd.ms-excel", "spreadsheet")
ODS: Final = Format("spreadsheet", "application/vnd.oasis.opendocument.spreadsheet", "spreadsheet")
EPUB: Final = Format("e-book", "application/epub+zip", "epub")
ZIP: Final = Format("ZIP archive", "application/zip", "archive")
EML: Final = Format("e-mail", "message/rfc822", "mail")
MSG: Final = Format("e-mail", "application/vnd.ms-outlook", "outlook")
HTML: Final = Format("web page", "text/html", "web_page")
XML: Final = Format("XML file", "application/xml", "xml_tree")
RSS: Final = Format("feed", "application/rss+xml", "feed")
ATOM: Final = Format("feed", "application/atom+xml", "feed")
JSON: Final = Format("JSON file", "application/json", "json_tree")
JSONL: Final = Format("JSON lines file", "application/jsonl", "json_tree")
NOTEBOOK: Final = Format("notebook", "application/x-ipynb+json", "notebook")
CSV: Final = Format("table", "text/csv", "delimited")
TSV: Final = Format("table", "text/tab-separated-values", "delimited")
MARKDOWN: Final = Format("Markdown file", "text/markdown", "markdown")
CODE: Final = Format("source file", "text/x-source", "plain")
TEXT: Final = Format("text file", "text/plain", "plain")

_CODE_SUFFIXES: Final = frozenset(
    [
        ".bash",
        ".bat",
        ".c",
        ".cc",
        ".cfg",
        ".clj",
        ".cmake",
        ".conf",
        ".cpp",
        ".cs",
        ".css",
        ".cu",
        ".dart",
        ".diff",
        ".erl",
        ".ex",
        ".fs",
        ".gd",
        ".go",
        ".gradle",
        ".h",
        ".hcl",
        ".hpp",
        ".hs",
        ".ini",
        ".java",
        ".jl",
        ".js",
        ".jsx",
        ".kt",
        ".less",
        ".lisp",
        ".lua",
        ".m",
        ".makefile",
        ".ml",
        ".nim",
        ".nix",
        ".patch",
        ".php",
        ".pl",
        ".proto",
        ".ps1",
        ".py",
        ".pyi",
        ".r",
        ".rb",
        ".rs",
        ".sass",
        ".scala",
        ".scss",
        ".sh",
        ".sql",
        ".swift",
        ".tf",
        ".toml",
        ".ts",
        ".tsx",
        ".v",
        ".vb",
        ".vue",
        ".yaml",
        ".yml",
        ".zig",
        ".zsh",
    ]
)

# What a name may decide: which of the formats that are text.
BY_SUFFIX: Final = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdx": MARKDOWN,
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".eml": EML,
    **dict.fromkeys(_CODE_SUFFIXES, CODE),
}

_LIKELY: Final = {
    **BY_SUFFIX,
    ".pdf": PDF,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".xls": XLS,
    ".epub": EPUB,
    ".msg": MSG,
    ".zip": ZIP,
    ".ipynb": NOTEBOOK,
    ".json": JSON,
    ".xml": XML,
    ".rss": RSS,
}


def suffix_of(name: str) -> str:
    return PurePath(name).suffix.lower()


def likely(name: str) -> Format:
    """What a file of this name mostly is: a guess, to have its reader at hand."""
    return _LIKELY.get(suffix_of(name), TEXT)
