"""Whatever becomes of a file on its way: it is read or refused, and nothing else happens."""

import json
import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import Parsed
from index.errors import ParseRefused
from index.parsing.encoding import decoded
from index.parsing.reading import parse_bytes, safe_name
from tests.index.parsing import samples

ROOT = Path(__file__).parents[3]
MUTANTS = 200


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut out, doubled or put in, at one to eight places."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(out))
        match chance.randrange(4):
            case 0:
                out[at] = chance.randrange(256)
            case 1 if len(out) > 64:
                del out[at : at + chance.randint(1, 32)]
            case 2:
                out[at:at] = out[at : at + chance.randint(1, 64)]
            case _:
                out[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(out)


PROGRAM = """
import json, random, sys
from index.errors import ParseRefused
from index.parsing.reading import parse_bytes
from tests.index.parsing.samples import every_format
from tests.index.parsing.test_mutations import mutated
name, count = sys.argv[1], int(sys.argv[2])
chance, data = random.Random(name), every_format()[name]
found = []
for _ in range(count):
    try:
        found.append(type(parse_bytes(mutated(data, chance), name)[0]).__name__)
    except ParseRefused as refusal:
        found.append("refused" if refusal.message else "refused without a reason")
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", samples.every_format())
def test_a_damaged_file_is_read_or_refused(name: str) -> None:
    command = [sys.executable, "-c", PROGRAM, name, str(MUTANTS)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, timeout=200)
    found = json.loads(done.stdout)
    assert len(found) == MUTANTS
    assert set(found) <= {"Parsed", "refused"}


@given(
    st.binary(max_size=400), st.sampled_from(["a", "a.md", "a.csv", "a.html", "a.json", "a.eml"])
)
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    try:
        found = parse_bytes(data, name)
    except ParseRefused:
        return
    assert all(isinstance(document, Parsed) and document.text.strip() for document in found)


@given(
    st.text(max_size=300), st.sampled_from([".txt", ".md", ".csv", ".html", ".json", ".xml", ".py"])
)
def test_any_text_can_be_stored(text: str, suffix: str) -> None:
    try:
        found = parse_bytes(text.encode("utf-8", "replace"), f"a{suffix}")
    except ParseRefused:
        return
    for document in found:
        assert document.text.encode()
        assert "\0" not in document.text
        assert all(block.text.strip() for block in document.blocks)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200))
def test_text_survives_its_encodings(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert decoded(text.encode(encoding)) == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n髙橋淳,35,名古屋", "cp932"),
        ("Die Pumpe läuft täglich früher, große Kühlung für Müller: fünfzehn Grad.", "cp1252"),
        ("Насос стоит в подвале и обслуживается каждую весну, ключи у сторожа.", "cp1251"),  # noqa: RUF001
        ("The pump stands in the cellar.", "utf-16-le"),
    ],
)
def test_old_encodings_are_found(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == text


@given(st.text(max_size=300))
def test_a_safe_name_leads_nowhere(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert not safe.startswith("/")
    assert ".." not in safe.split("/")
    assert {unicodedata.category(char) for char in safe}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert safe_name(safe) == safe
