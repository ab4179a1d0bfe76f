"""E-books (EPUB): the chapters in the order in which they are read."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree

from index.errors import ParseRefused
from index.parsing.archive import read_member
from index.parsing.blocks import Blocks
from index.parsing.content import Content, Source
from index.parsing.encoding import decoded
from index.parsing.package import open_package
from index.parsing.web_page import add_page
from index.parsing.xml_safe import xml_root


def read(source: Source) -> Content:
    with open_package(source) as archive:
        _refuse_locked(archive)
        path = _package_path(archive)
        package = xml_root(_file(archive, path))
        titles = (e.text or "" for e in package.iter("{*}title"))
        blocks = Blocks()
        for chapter in _chapters(package):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(chapter)))
            add_page(blocks, decoded(_file(archive, name)) or "")
    return Content(blocks.found, next(titles, ""))


def _chapters(package: etree._Element) -> Iterator[str]:
    """Their paths, from the package's own."""
    paths = {item.get("id"): item.get("href") for item in package.iter("{*}item")}
    for reference in package.iter("{*}itemref"):
        path = paths.get(reference.get("idref"))
        if path and reference.get("linear") != "no":
            yield path


def _package_path(archive: ZipFile) -> str:
    for element in xml_root(_file(archive, "META-INF/container.xml")).iter("{*}rootfile"):
        path = element.get("full-path")
        if path:
            return path
    raise ParseRefused("The e-book is damaged: it does not say what is in it.", "damaged")


def _file(archive: ZipFile, name: str) -> bytes:
    try:
        return read_member(archive, archive.getinfo(name))
    except KeyError as exc:
        raise ParseRefused("The e-book is damaged: a part is missing.", "damaged") from exc


def _refuse_locked(archive: ZipFile) -> None:
    """Chapters that are encrypted; fonts often are, and are not read."""
    try:
        info = archive.getinfo("META-INF/encryption.xml")
    except KeyError:
        return
    for reference in xml_root(read_member(archive, info)).iter("{*}CipherReference"):
        if (reference.get("URI") or "").lower().endswith(("html", "htm", "xml")):
            message = "The e-book is encrypted (DRM): upload a copy that is not."
            raise ParseRefused(message, "encrypted")
