"""A word on the live room's socket that the table does not name is a forgotten rule."""

import pytest

from live.core.wire import protocol
from live.room import commands
from tests.trust import sockets

pytestmark = pytest.mark.unit


def test_every_command_is_named_with_who_may_send_it() -> None:
    assert {word: "host" if kind.host_only else "room" for word, kind in protocol.COMMANDS.items()} == sockets.COMMANDS


def test_every_command_is_done_by_the_one_table() -> None:
    assert set(commands.TABLE) == set(protocol.COMMANDS.values())


def test_every_event_is_named_with_who_hears_it() -> None:
    assert {word: kind.audience for word, kind in protocol.EVENTS.items()} == sockets.EVENTS


def test_every_frame_to_a_browser_is_named() -> None:
    assert set(protocol.FRAMES) == set(sockets.FRAMES)
