"""The models of an appliance, with what its tiers do with them just now."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from models.llama.settings import bundled_model
from models.store.store import Entry, State, Store
from serve.config import Settings
from serve.sections.tiers import TierSettings
from serve.supervisor.status import status_of
from serve.weights import store_of, weights_of

_STATES: Final[dict[str, State]] = {
    "ready": "serving",
    "starting": "loading",
    "loading": "loading",
}
"""What a tier's state says of its model. One that is down says nothing."""


def entries_of(settings: Settings) -> list[Entry]:
    """The store's models, and those of tiers that take theirs from elsewhere."""
    store, tiers = store_of(settings), _tiers(settings)
    kept = {entry.name: entry for entry in store.entries()}
    for tier, state in tiers:
        file = weights_of(settings, tier)
        name = _name_in(store, file)
        entry = kept.get(name or "") or (store.entry(name) if name else _outside(tier.model, file))
        doing = _STATES.get(state, entry.state)
        kept[entry.name] = replace(entry, state=doing) if entry.state == "ready" else entry
    return [kept[name] for name in sorted(kept)]


def path_of(settings: Settings, model: str) -> Path:
    """Of a model in the store, of a tier's model, or `model` as a path.

    Raises `StoreError` when there is no such model.
    """
    for tier in settings.tiers.values():
        if tier.model == model and _has_weights(tier):
            return weights_of(settings, tier) or bundled_model()
    return Path(model) if Path(model).exists() else store_of(settings).path(model)


def _tiers(settings: Settings) -> list[tuple[TierSettings, str]]:
    """Those with weights, and their states."""
    states = status_of(settings).tiers
    return [
        (tier, states[name]["state"]) for name, tier in settings.tiers.items() if _has_weights(tier)
    ]


def _has_weights(tier: TierSettings) -> bool:
    return tier.engine in {"llama", "vllm"}


def _name_in(store: Store, file: Path | None) -> str | None:
    """The name in the store of what a tier reads."""
    folder = store.folder.resolve()
    path = (file or bundled_model()).expanduser().resolve()
    return path.relative_to(folder).parts[0] if folder in path.parents else None


def _outside(model: str, file: Path | None) -> Entry:
    if file is None:
        return Entry(model, "ready", "bundled with Hearth")
    if not file.exists():
        return Entry(model, "absent", f"{file} does not exist")
    return Entry(model, "ready", str(file))
