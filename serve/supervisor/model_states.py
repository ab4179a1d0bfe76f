"""The models of an appliance, with what its tiers do with them just now."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from models.llama.settings import bundled_model
from models.store import Entry, State, Store
from serve.config import Settings
from serve.sections.tiers import TierSettings
from serve.supervisor.status import status_of

_STATES: Final[dict[str, State]] = {
    "ready": "serving",
    "starting": "loading",
    "loading": "loading",
}
"""What a tier's state says of its model. One that is down says nothing."""


def store_of(settings: Settings) -> Store:
    return Store(settings.data / "models")


def entries_of(settings: Settings) -> list[Entry]:
    """The store's models, and those of tiers that take theirs from elsewhere."""
    store, tiers = store_of(settings), _tiers(settings)
    kept = {entry.name: entry for entry in store.entries()}
    for tier, state in tiers:
        name = _name_in(store, tier)
        entry = kept.get(name or "") or (store.entry(name) if name else _outside(tier))
        doing = _STATES.get(state, entry.state)
        kept[entry.name] = replace(entry, state=doing) if entry.state == "ready" else entry
    return [kept[name] for name in sorted(kept)]


def path_of(settings: Settings, model: str) -> Path:
    """Of a model in the store, of a tier's model, or `model` as a path.

    Raises `StoreError` when there is no such model.
    """
    for tier in settings.tiers.values():
        if tier.model == model and tier.engine != "scripted":
            return _file(tier)
    return Path(model) if Path(model).exists() else store_of(settings).path(model)


def _tiers(settings: Settings) -> list[tuple[TierSettings, str]]:
    """Those with weights, and their states."""
    states = status_of(settings).tiers
    return [
        (tier, states[name]["state"])
        for name, tier in settings.tiers.items()
        if tier.engine != "scripted"
    ]


def _name_in(store: Store, tier: TierSettings) -> str | None:
    """The name in the store of what the tier reads."""
    folder = store.folder.resolve()
    path = _file(tier).expanduser().resolve()
    return path.relative_to(folder).parts[0] if folder in path.parents else None


def _outside(tier: TierSettings) -> Entry:
    if not _file(tier).exists():
        return Entry(tier.model, "absent", f"{tier.path} does not exist")
    where = str(tier.path) if tier.path else "bundled with Hearth"
    return Entry(tier.model, "ready", where)


def _file(tier: TierSettings) -> Path:
    return tier.path or bundled_model()
