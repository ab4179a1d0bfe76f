"""Several policies together."""

from serve.policy.filters.policy import Policy, together


def test_of_several_policies_the_strictest_holds() -> None:
    one = Policy({"email": "note", "card": "block"}, {"secret": "mask"}, ("a",), ("x.lan", "y.lan"))
    other = Policy({"email": "mask"}, {"secret": "note", "url": "mask"}, ("b", "a"), ("y.lan",))
    both = together([one, other])
    assert both.incoming == {"email": "mask", "card": "block"}
    assert both.outgoing == {"secret": "mask", "url": "mask"}
    assert (both.terms, both.hosts) == (("a", "b"), ("y.lan",))


def test_what_is_final_for_one_is_final_for_all() -> None:
    both = together([Policy(reversible=False, fit="block"), Policy(fit="note")])
    assert (both.reversible, both.fit) == (False, "block")


def test_policies_that_differ_have_different_identities() -> None:
    policies = [
        Policy(),
        Policy({"email": "note"}),
        Policy({}, {"email": "note"}),
        Policy(terms=("a",)),
        Policy(hosts=("a",)),
        Policy(fit="note"),
        Policy(reversible=False),
    ]
    assert len({repr(policy.identity) for policy in policies}) == len(policies)
    assert Policy({"email": "note", "card": "mask"}).identity == (
        Policy({"card": "mask", "email": "note"}).identity
    )
