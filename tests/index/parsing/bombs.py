"""Files that are made to harm whoever reads them."""

import zipfile
from io import BytesIO

from tests.index.parsing import samples


def pdf_of(objects: list[bytes]) -> bytes:
    """The first object is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(out)


def pdf_that_doubles(levels: int = 28) -> bytes:
    """Each form draws the next one twice: the text is drawn 2 ** levels times."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources"
        b"<</XObject<</X 6 0 R>>/Font<</F 5 0 R>>>>>>",
        b"<</Length 5>>stream\n/X Do\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for level in range(levels):
        drawn = b"/X Do /X Do" if level < levels - 1 else b"BT /F 9 Tf (hello) Tj ET"
        inner = b"<</XObject<</X %d 0 R>>/Font<</F 5 0 R>>>>" % (7 + level)
        head = b"<</Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources %b/Length %d>>"
        objects.append(head % (inner, len(drawn)) + b"stream\n%b\nendstream" % drawn)
    return pdf_of(objects)


def pdf_of_a_million() -> bytes:
    """A million objects, 20,000 of them pages."""
    pages = b" ".join(b"%d 0 R" % number for number in range(3, 20_003))
    head = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count 20000>>" % pages,
    ]
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    return pdf_of(head + [page] * 20_000 + [b"<</A/B>>"] * 980_000)


def laughs() -> bytes:
    """Entities of entities: a billion words."""
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{entities}]><x>&l9;</x>'
    return text.encode()


def stranger(url: str) -> bytes:
    """An entity that is somewhere else."""
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{url}">]><x>&e;</x>'.encode()


def with_part(package: bytes, name: str, content: bytes | str) -> bytes:
    """A package with one of its parts exchanged."""
    with zipfile.ZipFile(BytesIO(package)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    return samples.zipped(parts | {name: content})


def sheet_with_far_corners() -> bytes:
    """Two cells, and 17 billion empty ones between them."""
    cells = (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    )
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'
    return with_part(samples.xlsx(), "xl/worksheets/sheet1.xml", sheet)


def zip_of_links() -> bytes:
    """A link to a file of the machine, and a plain file."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("passwd.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.txt", samples.SENTENCE)
    return file.getvalue()


def locked_zip() -> bytes:
    """A member that says it is encrypted."""
    data = bytearray(samples.zipped({"a.txt": samples.SENTENCE}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)
