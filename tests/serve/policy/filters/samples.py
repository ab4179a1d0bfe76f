"""Texts to cut: what filters look for, its beginnings, and what lies between."""

from hypothesis import strategies as st

PLACES = [
    *("john.doe@x.co.uk", "a@b.example", "https://a.example/c?d=e.", "www.x.org", "example.com"),
    *("4111 1111 1111 1111", "5500000000000004", "GB82 WEST 1234 5698 7654 32", "10.0.0.1"),
    *("gb82west12345698765432", "460-89-9847", "(905) 674-3793", "+46 (0)8 928 571 38", "fe80::1"),
    *("345-899-3560x4587", "aa:bb:cc:dd:ee:ff", "12345678Z", "RSSMRA85T10A562S", "529.982.247-25"),
    *("131052-308T", "AKIAIOSFODNN7EXAMPLE", "sk-proj-abcDEF1234567890abcdefgh123", "Project X"),
    *("password = hunter2hunter", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
    *("eyJhbGciOiJIUzI1NiIsInR5.cCI6.abc", "call 416 60 039 office", "foo", "<EMAIL_1>"),
]
PARTS = [
    *("ghp_", "call ", " office", " ext. 12", "token=", "key = abc", "abc+/=", "hunter2hunter"),
    *("1", "9", "-", ".", ":", " ", "\n", "@", "a", "Z", "/", "(", ")", "x", "_", "é", "'", '"'),
    *("0", "00", "+", "\\", "<", ">", "a" * 30, "1" * 30, "<EMAIL_", "\U0001f600", "\u200d"),
]
TEXTS = (
    st.lists(st.sampled_from(PLACES + PARTS), max_size=10).map("".join)
    | st.lists(st.sampled_from(PLACES + PARTS), max_size=8).map(" ".join)
    | st.text(alphabet="aA1-.:@/ +()=_x", max_size=60)
)
TERMS = ("project x", "foo", "key = abc")
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def pieces(text: str, sizes: list[int]) -> list[str]:
    """`text` cut into pieces of these sizes, again and again."""
    cut, at, turn = list[str](), 0, 0
    while at < len(text):
        cut.append(text[at : at + sizes[turn % len(sizes)]])
        at, turn = at + len(cut[-1]), turn + 1
    return cut
