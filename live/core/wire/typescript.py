"""Makes the front end's frame types from the wire's classes (live/core/wire/protocol.py). Pure."""

import types
from dataclasses import MISSING, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from live.core.wire import protocol
from live.core.wire.meeting import WaitingEvent
from live.core.wire.slides import SlideEvent

HEAD = """// Made by `manage.py write_frames` from live/core/wire/protocol.py. Do not edit: a test compares the two.
"""


def frames_module() -> str:
    """Return the text of ``frontend/src/lib/frames.ts``."""
    parts = [HEAD, _interface("CandidateInit", protocol.Candidate, word=""), _stage()]
    parts += [_interface(one.__name__, one, word="") for one in (protocol.OnStage, protocol.Sitting, protocol.Note)]
    for title, table in (
        ("Command", protocol.COMMANDS),
        ("RoomEvent", protocol.EVENTS),
        ("ServerFrame", protocol.FRAMES),
    ):
        names = [_name(kind, title) for kind in table.values()]
        parts += [_interface(_name(kind, title), kind, word=word) for word, kind in table.items()]
        parts.append(f"export type {title} =\n{_union(names)};\n")
    parts.append("export interface ErrorFrame {\n  error: string;\n  t?: string;\n  id?: string;\n}\n")
    return "\n".join(parts)


def _stage() -> str:
    lines = [f"  {name}: {_type(hint)};" for name, hint in get_type_hints(protocol.Stage).items()]
    return "export interface Stage {\n" + "\n".join(lines) + "\n}\n"


def _union(names: list[str]) -> str:
    return "\n".join(f"  | {name}" for name in names)


def _name(kind: type[Any], title: str) -> str:
    return f"{kind.__name__.removesuffix('Event')}{'Command' if title == 'Command' else ''}" + (
        "Event" if title == "RoomEvent" else "Frame" if title == "ServerFrame" else ""
    )


def _interface(name: str, kind: type[Any], *, word: str) -> str:
    hints = get_type_hints(kind)
    lines = [f'  t: "{word}";'] if word else []
    # What a browser may leave out of a command.
    has_default = [issubclass(kind, protocol.Command) and item.default is not MISSING for item in fields(kind)]
    marks = ["?" if may else "" for may in has_default]
    lines += [
        f"  {item.name}{mark}: {_type(hints[item.name])};" for item, mark in zip(fields(kind), marks, strict=True)
    ]
    return f"export interface {name} {{\n" + "\n".join(lines) + "\n}\n"


SIMPLE = {str: "string", bool: "boolean", int: "number", type(None): "null", protocol.Event: "RoomEvent"}
SIMPLE[protocol.IceServer] = "RTCIceServer"
SIMPLE[protocol.Stage] = "Stage"
SIMPLE |= {kind: kind.__name__ for kind in (protocol.OnAirEvent, protocol.HandEvent, SlideEvent, protocol.OnStage)}
SIMPLE |= {kind: kind.__name__ for kind in (protocol.Sitting, protocol.Note, WaitingEvent)}


def _type(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in get_args(hint))
    if origin in (Union, types.UnionType):
        return " | ".join(_type(part) for part in get_args(hint))
    if origin is list:
        inner = _type(get_args(hint)[0])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if hint is protocol.Candidate:
        return "CandidateInit"
    return SIMPLE[hint]
