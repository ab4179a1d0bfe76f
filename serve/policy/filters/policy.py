"""Which kind has which action on which side, and what of several policies holds together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from serve.policy.filters.kinds import Action, Kind, Side, stricter

Fit = Literal["off", "note", "repair", "regenerate", "block"]
FITS: Final[tuple[Fit, ...]] = get_args(Fit)  # each does more than the one before
REVISION: Final = 1  # of what the forms find: with another, kept answers are others


@dataclass(frozen=True, slots=True)
class Policy:
    """`reversible`: what is masked on the way in gets a number, and its text back in the answer.

    `terms` are blocked or masked as the kind `term` says; addresses of `hosts` may be in answers.
    `fit`: what becomes of an answer that does not fit the JSON schema that it was asked for in.
    """

    incoming: Mapping[Kind, Action] = field(default_factory=dict)
    outgoing: Mapping[Kind, Action] = field(default_factory=dict)
    terms: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    reversible: bool = True
    fit: Fit = "off"

    def actions(self, side: Side) -> Mapping[Kind, Action]:
        return self.incoming if side == "in" else self.outgoing

    def kinds(self, side: Side, *actions: Action) -> frozenset[Kind]:
        """What on this side has one of `actions`."""
        return frozenset(kind for kind, action in self.actions(side).items() if action in actions)

    @property
    def identity(self) -> tuple[object, ...]:
        """Everything that could change an answer, JSON-ready."""
        sides = [sorted(self.actions(side).items()) for side in ("in", "out")]
        return (REVISION, *sides, self.terms, self.hosts, self.reversible, self.fit)


def together(policies: Iterable[Policy]) -> Policy:
    """The strictest of each; at least one. A host must be allowed by all of them."""
    first, *others = policies
    for other in others:
        first = Policy(
            _strictest(first.incoming, other.incoming),
            _strictest(first.outgoing, other.outgoing),
            tuple(dict.fromkeys((*first.terms, *other.terms))),
            tuple(host for host in first.hosts if host in other.hosts),
            first.reversible and other.reversible,
            max(first.fit, other.fit, key=FITS.index),
        )
    return first


def _strictest(one: Mapping[Kind, Action], other: Mapping[Kind, Action]) -> Mapping[Kind, Action]:
    kinds = [*one, *(kind for kind in other if kind not in one)]
    actions = {kind: stricter(one.get(kind), other.get(kind)) for kind in kinds}
    return {kind: action for kind, action in actions.items() if action is not None}
