"""Who may come in."""

from ui import words
from ui.client import Appliance
from ui.refusals import Refused


class Entering:
    """By a key, or by a one-time link."""

    def __init__(self, appliance: Appliance) -> None:
        self._appliance = appliance

    async def enter(self, key: str, token: str) -> tuple[str, list[str]]:
        """The key to use and the models it may chat with. Raises `Refused`.

        A one-time sign-in `token` wins over a stored key, which is used when the link is used up.
        """
        key = key.strip()
        if token:
            key = await self._redeemed(token, key)
        if not key:
            raise Refused(words.KEY_MISSING, sign_in=True)
        return key, await self._appliance.models(key)

    async def _redeemed(self, token: str, stored: str) -> str:
        try:
            return await self._appliance.sign_in(token)
        except Refused:
            if not stored:
                raise
            return stored
