"""Paths with parameters: compared as they are, and nothing but plain words in them."""

import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.api.routes import ROUTES, find

PLAIN = ascii_letters + digits + "_-"
WORDS = st.text(PLAIN, min_size=1, max_size=128)
WITH_PARAMS = [route for route in ROUTES if "{" in route.name]


def filled(name: str, word: str) -> bytes:
    return re.sub(r"\{\w+\}", word, name).encode()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_is_found_by_its_own_path_only(route: object) -> None:
    assert [r for r in ROUTES if (m := find(filled(r.name, "x"))) and m.route is route] == [route]


@given(WORDS, WORDS)
def test_parameters_are_what_stands_in_the_path(store: str, file: str) -> None:
    match = find(f"/v1/vector_stores/{store}/files/{file}/passages".encode())
    assert match is not None
    assert match.route.name == "/v1/vector_stores/{store}/files/{file}/passages"
    assert match.params == {"store": store, "file": file}


@pytest.mark.parametrize("route", WITH_PARAMS, ids=lambda route: route.name)
@given(st.text(max_size=130))
def test_whatever_is_no_plain_word_is_no_route(route: object, text: str) -> None:
    name = getattr(route, "name")  # noqa: B009
    plain = 1 <= len(text) <= 128 and set(text) <= set(PLAIN)
    path = re.sub(r"\{\w+\}", lambda _: text, name).encode("utf-8", "replace")
    match = find(path)
    found = match is not None and match.route is route
    assert found == plain


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files/",
        "/v1/files//content",
        "/v1/files/%66ile",
        "/v1/files/a/content/",
        "/v1/files/a/../b",
        "/v1/files/a%2fcontent",
        "/v1/files/" + "a" * 129,
        "/v1/files/a\n",
        "/v1/vector_stores/a/files/b/passages/c",
        "/v1/vector_stores/a.b",
        "/V1/files/a",
    ],
)
def test_what_only_looks_like_a_route_is_none(path: str) -> None:
    assert find(path.encode()) is None


def test_models_have_names_of_any_characters() -> None:
    match = find(b"/v1/models/org%2Fmodel:7b")
    assert match is not None
    assert match.route.name == "/v1/models/{id}"
