"""What is looked for in requests and answers, and what is done about it."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from serve.policy.filters.kinds import ONLY_IN, ONLY_OUT, PERSONAL, Action, Kind
from serve.policy.filters.policy import Fit, Policy
from serve.policy.filters.terms import LONGEST
from serve.sections.section import Section

Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]

BUILT_IN: Final[Mapping[str, Policy]] = {
    "off": Policy(),
    "standard": Policy(
        {"secret": "note", "injection": "note"}, {"secret": "note", "image": "mask"}
    ),
    "private": Policy(
        {**dict.fromkeys(PERSONAL, "mask"), "secret": "mask", "injection": "note"},
        {**dict.fromkeys(PERSONAL, "mask"), "secret": "mask", "image": "mask", "link": "mask"},
    ),
}


class PolicySettings(Section):
    """One policy. What it does not name is not looked for."""

    incoming: dict[Kind, Action] = Field({}, description="By kind: note, mask or block.")
    outgoing: dict[Kind, Action] = Field({}, description="The same for answers.")
    terms: tuple[Term, ...] = Field(
        (), max_length=1000, description="Words and phrases that are the kind `term`."
    )
    hosts: tuple[str, ...] = Field((), description="Whose pictures and links may be in answers.")
    reversible: bool = Field(
        True, description="What was masked on the way in is put back into the answer."
    )
    fit: Fit = Field("off", description="What becomes of JSON that does not fit its schema.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "PolicySettings":
        if wrong := sorted(ONLY_OUT & self.incoming.keys()):
            raise ValueError(f"{', '.join(wrong)} can be looked for in answers only (outgoing)")
        if wrong := sorted(ONLY_IN & self.outgoing.keys()):
            raise ValueError(f"{', '.join(wrong)} can be looked for in requests only (incoming)")
        if self.incoming.get("injection") == "mask":
            raise ValueError("injection can be noted or blocked, but not masked")
        if wrong := sorted(
            kind for kind in ONLY_OUT if self.outgoing.get(kind) in ("note", "block")
        ):
            raise ValueError(f"{', '.join(wrong)} can be masked only")
        if self.terms and "term" not in {*self.incoming, *self.outgoing}:
            raise ValueError("terms need an action: name the kind term in incoming or outgoing")
        return self

    def policy(self) -> Policy:
        return Policy(
            self.incoming, self.outgoing, self.terms, self.hosts, self.reversible, self.fit
        )


class FilterSettings(Section):
    """Policies by name. off, standard and private exist already."""

    default: str = Field("standard", description="The policy of keys that name none.")
    injection: float = Field(
        0.7, gt=0, lt=1, description="How likely a text must be an attack to be called one."
    )
    policies: dict[str, PolicySettings] = Field({}, description="More policies, by name.")
    collections: dict[str, str] = Field(
        {}, description="Policies that hold besides, by name of a collection."
    )

    @model_validator(mode="after")
    def _names_exist(self) -> "FilterSettings":
        known = self.named()
        for name in (self.default, *self.collections.values()):
            if name not in known:
                raise ValueError(f"there is no policy {name!r}; there are {', '.join(known)}")
        return self

    def named(self) -> Mapping[str, Policy]:
        """All policies; a name that is used again means the new one."""
        return {**BUILT_IN, **{name: one.policy() for name, one in self.policies.items()}}
