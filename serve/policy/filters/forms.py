"""The forms of every kind that is a place in a text, in the order in which they take precedence."""

from collections.abc import Collection
from typing import Final

from serve.policy.filters.addresses import EMAILS, NETWORKS, PAGES
from serve.policy.filters.credentials import SECRETS
from serve.policy.filters.financial import CARDS, IBANS
from serve.policy.filters.kinds import Kind
from serve.policy.filters.national import NATIONAL
from serve.policy.filters.phones import PHONES
from serve.policy.filters.scanner import Form
from serve.policy.filters.terms import terms_form

_FORMS: Final = (*SECRETS, EMAILS, PAGES, NETWORKS, IBANS, CARDS, NATIONAL, PHONES)


def forms_of(kinds: Collection[Kind], terms: tuple[str, ...] = ()) -> tuple[Form, ...]:
    listed = (terms_form(terms),) if terms and "term" in kinds else ()
    return (*listed, *(form for form in _FORMS if form.kind in kinds))
