import pytest

from serve.policy.filters.checksums import iban, luhn, verhoeff


@pytest.mark.parametrize("digits", ["4111111111111111", "79927398713", "0"])
def test_a_luhn_digit_holds_and_no_other_does(digits: str) -> None:
    assert luhn(digits)
    others = [digits[:-1] + figure for figure in "0123456789" if figure != digits[-1]]
    assert not any(map(luhn, others))


def test_verhoeff_sees_a_wrong_digit_and_swapped_neighbours() -> None:
    assert verhoeff("2363")
    assert not verhoeff("2364")
    assert not verhoeff("3263")


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("GB82WEST12345698765432", True),
        ("DE89370400440532013000", True),
        ("DE8937040044053201300", False),
        ("GB82WEST12345698765433", False),
        ("XX82WEST12345698765432", False),
    ],
)
def test_an_iban_has_its_countrys_length_and_its_check_digits(code: str, holds: bool) -> None:
    assert iban(code) is holds
