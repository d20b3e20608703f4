"""Slides as the rooms of a process keep them, and the commands that turn their pages."""

from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from live import operations
from live.core.wire import slides
from live.room.connections import Connection
from live.room.refusals import Refused
from live.room.rooms import Room
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess


async def _show(process: "RoomProcess", room: Room, connection: Connection, command: slides.ShowSlide) -> None:
    await _turn(partial(operations.show_slide, deck=command.deck, page=command.page), room)


async def _hide(process: "RoomProcess", room: Room, connection: Connection, command: slides.HideSlides) -> None:
    await _turn(operations.hide_slides, room)


async def _turn(work: Any, room: Room) -> None:
    try:
        await in_database(partial(work, occasion_id=room.occasion_id, as_of=timezone.now()))
    except operations.UnableToShowSlide as error:
        raise Refused(error.code) from error


TABLE: dict[type[Any], Any] = {slides.ShowSlide: _show, slides.HideSlides: _hide}
