"""What each kind looks like, and what it does not."""

import pytest

from serve.policy.filters.forms import forms_of
from serve.policy.filters.kinds import SPANS, Kind
from serve.policy.filters.scanner import Found, scan, whole

FORMS = forms_of(SPANS, ("Project X", "naïve plan"))

THERE: dict[Kind, list[tuple[str, str]]] = {
    "email": [
        ("Write to jo.do+x@mail.example.co.uk.", "jo.do+x@mail.example.co.uk"),
        ("<jörg@köln.example>", "jörg@köln.example"),
    ],
    "phone": [
        ("+1-984-182-0190", "+1-984-182-0190"),
        ("at +41 (0)96 471 07 95!", "+41 (0)96 471 07 95"),
        ("(602) 272-9781", "(602) 272-9781"),
        ("Tel: 9498777106", "9498777106"),
        ("it is 416 60 039 office", "416 60 039"),
        ("01.84.17.61.18", "01.84.17.61.18"),
        ("ring 345-899-3560 ext. 12", "345-899-3560 ext. 12"),
    ],
    "card": [
        ("card 4111 1111 1111 1111, please", "4111 1111 1111 1111"),
        ("378282246310005", "378282246310005"),
        ("5500-0000-0000-0004 25", "5500-0000-0000-0004"),
    ],
    "iban": [
        ("GB82 WEST 1234 5698 7654 32 is mine", "GB82 WEST 1234 5698 7654 32"),
        ("de89370400440532013000", "de89370400440532013000"),
    ],
    "national_id": [
        ("SSN 460-89-9847", "460-89-9847"),
        ("my ssn: 460899847", "460899847"),
        ("AB 12 34 56 C", "AB 12 34 56 C"),
        ("12345678Z", "12345678Z"),
        ("X1234567L", "X1234567L"),
        ("RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        ("529.982.247-25", "529.982.247-25"),
        ("131052-308T", "131052-308T"),
        ("756.9217.0769.85", "756.9217.0769.85"),
        ("2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
        ("PESEL 44051401359", "44051401359"),
        ("11010519491231002X", "11010519491231002X"),
    ],
    "ip": [
        ("from 10.0.0.1.", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("at fe80::1: closed", "fe80::1"),
        ("[2001:db8::8a2e:370:7334]", "2001:db8::8a2e:370:7334"),
        ("aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff"),
    ],
    "url": [
        ("See https://a.example/b?c=d, now", "https://a.example/b?c=d"),
        ("www.example.org/x.", "www.example.org/x"),
        ("go to example.com/path", "example.com/path"),
    ],
    "secret": [
        ("sk-proj-abcDEF1234567890abcdefgh123 x", "sk-proj-abcDEF1234567890abcdefgh123"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ('"password": "hunter2hunter"', "hunter2hunter"),
        ("API_KEY=abcd1234efgh", "abcd1234efgh"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,X\nab+/=\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,X\nab+/=\n-----END RSA PRIVATE KEY-----",
        ),
    ],
    "term": [("the project\nx team", "project\nx"), ("a NAÏVE PLAN!", "NAÏVE PLAN")],
}
HARMLESS = [
    "On 2024-05-17 at 12:34:56 we sold 1,234,567 units for 12.50 each.",
    "Version 1.2.3, section 4.5.6.7.8, ISBN 978-3-16-148410-0, page 12-34.",
    "4111 1111 1111 1112 has a wrong check digit, and 1234 5678 9012 3456 too.",
    "GB00 WEST 1234 5698 7654 32 is no IBAN.",
    "std::vector<int> a::b, ratio 16:9, 999.1.1.1, main.py, README.md, e.g. this",
    "sk-learn-is-a-library-of-python, password: required, token = your_token_here1",
    "000-12-3456 and 666-12-3456 were never given out.",
    "Projects xylophone food; a@b; the 1990-1995 season; 100 200 300",
    "The eyJ prefix and ghp_ are marks of tokens.",
]


def found(text: str) -> list[tuple[Kind, str]]:
    return [(p.kind, p.text) for p in whole(scan(text, FORMS)) if isinstance(p, Found)]


@pytest.mark.parametrize(
    ("kind", "text", "place"), [(k, *each) for k, texts in THERE.items() for each in texts]
)
def test_a_place_is_found_with_its_ends(kind: Kind, text: str, place: str) -> None:
    assert found(text) == [(kind, place)]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_alike_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_only_what_is_asked_for_is_found() -> None:
    text = "a@b.example 4111 1111 1111 1111"
    assert [p.kind for p in scan(text, forms_of({"card"})) if isinstance(p, Found)] == ["card"]
    assert forms_of({"term"}) == ()
