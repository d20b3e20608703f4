"""Chat of this process's rooms: written in batches, each message answered after its commit (``live.room.batches``)."""

from collections.abc import Sequence

from prometheus_client import Gauge

from live import operations
from live.operations import Saying, UnableToChat
from live.queries import ChatLine
from live.room.batches import Batches, Spawn

UNWRITTEN = Gauge("live_chat_unwritten", "Chat messages of this process that wait for their commit")


class Chat(Batches[Saying, ChatLine | UnableToChat]):
    """Writes what is said in the rooms of one process."""

    def __init__(self, *, spawn: Spawn) -> None:
        super().__init__(spawn=spawn, store=_say_all, name="chat")

    async def say(self, saying: Saying) -> ChatLine | UnableToChat:
        """Return the message as it was stored, or why it was not. Raises DatabaseError: it may be sent again."""
        with UNWRITTEN.track_inprogress():
            return await self.put(saying)


def _say_all(sayings: Sequence[Saying]) -> list[ChatLine | UnableToChat]:
    return operations.say_all(sayings=sayings)
