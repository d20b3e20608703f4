"""The frames of slides in a room: which page of which deck everybody sees. Pure; part of the wire."""

from dataclasses import dataclass, field

from live.core.wire.bases import Command, Event


@dataclass(frozen=True, slots=True)
class ShowSlide(Command):
    """Show everybody this page (1 is the first) of this deck."""

    word = "show_slide"
    host_only = True
    deck: str = field(metadata={"ident": True})
    page: int


@dataclass(frozen=True, slots=True)
class HideSlides(Command):
    """Show no slides any more."""

    word = "hide_slides"
    host_only = True


@dataclass(frozen=True, slots=True)
class SlideEvent(Event):
    """Everybody sees this page of this deck, of so many; deck "": no slides are shown."""

    word = "slide"
    deck: str = ""
    page: int = 0
    pages: int = 0


NO_SLIDES = SlideEvent()
COMMANDS: tuple[type[Command], ...] = (ShowSlide, HideSlides)
EVENTS: tuple[type[Event], ...] = (SlideEvent,)
