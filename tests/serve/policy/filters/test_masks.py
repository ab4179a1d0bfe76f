"""Masks and what they stand for."""

from serve.policy.filters.forms import forms_of
from serve.policy.filters.masks import Restorer, Vault

FORMS = forms_of({"email", "phone"})


def vault(*texts: str, reversible: bool = True) -> Vault:
    return Vault(FORMS, texts, reversible)


def test_the_same_text_has_the_same_number_in_order_of_appearance() -> None:
    masks = vault("a@x.example and b@x.example", "b@x.example, +1-984-182-0190")
    assert masks.masked("b@x.example, a@x.example") == "<EMAIL_2>, <EMAIL_1>"
    assert masks.masked("+1-984-182-0190") == "<PHONE_1>"


def test_a_longer_conversation_keeps_its_numbers() -> None:
    first, later = ["a@x.example"], ["a@x.example", "<EMAIL_1> it is", "c@x.example"]
    assert vault(*first).masked("a@x.example") == "<EMAIL_1>"
    assert vault(*later[::2]).masked("c@x.example") == "<EMAIL_2>"


def test_a_mask_that_somebody_wrote_is_not_taken() -> None:
    masks = vault("What is <EMAIL_1>? Write to a@x.example.")
    assert masks.masked("a@x.example") == "<EMAIL_2>"
    assert Restorer(masks.originals).feed("<EMAIL_1> <EMAIL_2>", final=True) == (
        "<EMAIL_1> a@x.example"
    )


def test_for_good_there_is_no_number_and_no_way_back() -> None:
    masks = vault("a@x.example", reversible=False)
    assert masks.masked("to a@x.example") == "to [EMAIL]"
    assert masks.originals == {}
