"""XML that says nothing but what it says: no entities, no document types, nothing loaded."""

from lxml import etree

from index.errors import ParseRefused
from index.parsing.html_tree import too_deep
from index.parsing.package import refuse_declarations


def xml_root(data: bytes) -> etree._Element:
    """Raises `ParseRefused`. Broken XML is mended where it can be."""
    refuse_declarations(data)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as exc:
        raise ParseRefused("The XML is damaged. Write it anew.", "damaged") from exc
    if too_deep(parser):
        raise ParseRefused("The XML is nested too deeply to be read.", "damaged")
    if root is None:
        raise ParseRefused("The XML is damaged. Write it anew.", "damaged")
    return root


def local_name(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def whole_text(element: etree._Element) -> str:
    """Its own and that of all it holds."""
    pieces = element.itertext()
    return "".join(piece for piece in pieces if isinstance(piece, str))
