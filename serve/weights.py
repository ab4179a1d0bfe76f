"""Where the weights of a tier are: where it says, in the store, or in the bundled package."""

from pathlib import Path

from models.store.store import Store, StoreError
from serve.config import Settings
from serve.profiles import BUNDLED
from serve.sections.tiers import TierSettings


def store_of(settings: Settings) -> Store:
    return Store(settings.data / "models")


def weights_of(settings: Settings, tier: TierSettings) -> Path | None:
    """The tier's `path`, or the model of the store that has its name. None: the bundled model.

    A large model that is not here is never replaced by the bundled one under its name: its path
    is where it will be when it has been pulled.
    """
    store = store_of(settings)
    if tier.path is not None:
        return tier.path
    try:
        return store.path(tier.model)
    except StoreError:
        named = tier.engine == "vllm" and tier.vllm.load_format == "auto"
        return store.folder / tier.model if named and not tier.model.startswith(BUNDLED) else None
