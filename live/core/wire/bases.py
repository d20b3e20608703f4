"""What every frame of the room is made from: commands of a browser, events of a room, frames to one browser. Pure."""

from typing import Literal


class Command:
    """Base of what a browser may send. ``word`` is its ``t``."""

    word = ""
    host_only = False


class Event:
    """Base of what the server tells a room. Events travel inside ticks. ``audience``: "all", "hosts" or "one"."""

    word = ""
    audience: Literal["all", "hosts", "one"] = "all"
    at_once = False


class Frame:
    """Base of what the server sends to one browser."""

    word = ""
