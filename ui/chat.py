"""What happens when the user does something: the page's events, without any of its looks."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from pydantic import ValidationError

from ui import words
from ui.client import Appliance
from ui.conversation import Conversation, Painting, Settings, Turn, painting
from ui.refusals import Refused
from ui.stream import Stage

LEAST_PAUSE = 0.05  # seconds between two drawings of a growing answer
SHARE = 8.0  # a drawing may take 1/9 of the time, however long the answer grows


class Chat:
    """Events of any number of pages; nothing is remembered between two of them."""

    def __init__(self, appliance: Appliance) -> None:
        self._appliance = appliance

    def show(self, value: object) -> Painting:
        """Every turn of a conversation, drawn."""
        conversation = Conversation.read(value)
        return painting(conversation, 0, conversation.turns)

    async def answer(
        self, value: object, key: str, *controls: object
    ) -> AsyncGenerator[Painting, None]:
        """The answer to a conversation's last turn, drawn as it grows.

        `controls` are the values of `Settings`' fields, in their order. A refusal is drawn, not
        raised: it belongs into the conversation.
        """
        conversation = Conversation.read(value)
        place, turn = conversation.begun()
        yield painting(conversation, place, [turn])
        try:
            request = _settings(controls).request(conversation)
            turn.model = str(request["model"])
            async with aclosing(self._growing(turn, key, request)) as states:
                async for _ in states:
                    yield painting(conversation, place, [turn])
        except Refused as exc:
            turn.fail(exc)
        yield painting(conversation, place, [turn])

    async def _growing(
        self, turn: Turn, key: str, request: dict[str, object]
    ) -> AsyncGenerator[None, None]:
        """Lets `turn` grow; yields when it is time to draw it again."""
        start, drawn_at, pause = len(turn.text), 0.0, 0.0
        async with aclosing(self._appliance.chat(key, request)) as pieces:
            async for piece in pieces:
                turn.take(piece, start)
                if isinstance(piece, Stage):
                    yield
                now = time.perf_counter()
                if isinstance(piece, str) and now - drawn_at >= pause:
                    yield
                    drawn_at = time.perf_counter()
                    pause = max(LEAST_PAUSE, SHARE * (drawn_at - now))


def _settings(controls: tuple[object, ...]) -> Settings:
    try:
        return Settings.model_validate(dict(zip(Settings.model_fields, controls, strict=True)))
    except ValidationError as exc:
        field = exc.errors()[0]["loc"][0]
        raise Refused(words.BAD_SETTING.format(field=words.table("FIELDS")[str(field)])) from exc
