"""How the fields of a frame are read: each as its type says, and no longer than it may be. Pure; knows no frame."""

import json
import re
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

MAX_FRAME = 16_384
# In a meeting one answer speaks of the sound of everybody and of the pictures that are looked at: half a KiB each.
MAX_SDP = 65_536
MAX_ANSWER = 81_920  # with its line ends escaped; servers take no longer frame (--ws-max-size)
IDENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
BIG = 2**63


class BadFrame(Exception):
    """A frame that cannot be read. ``code``: "malformed" (no JSON object), "unknown" or "bad_field"."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.where = where


def most_of(*, meets: bool) -> int:
    """Return how many characters a frame may have; ``meets``: it may be the ``answer`` of a meeting."""
    return MAX_ANSWER if meets else MAX_FRAME


def load(text: str | None, *, most: int) -> dict[str, Any]:
    """Return the JSON object in a text of at most ``most`` characters; raises ``BadFrame``. ``None``: binary."""
    if text is None or len(text) > most:
        raise BadFrame("malformed")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame("malformed") from error
    if not isinstance(data, dict):
        raise BadFrame("malformed")
    return data


def build(kind: type[Any], data: dict[str, Any]) -> Any:
    """Make one of the wire's classes from a JSON object, each field as its type and limits say; raises ``BadFrame``."""
    hints = _hints(kind)
    values = {}
    for item in fields(kind):
        if item.name not in data:
            if item.default is MISSING:
                raise BadFrame("bad_field", item.name)
            continue
        values[item.name] = _checked(item.name, hints[item.name], data[item.name], item.metadata)
    return kind(**values)


_HINTS: dict[type[Any], dict[str, Any]] = {}


def _hints(kind: type[Any]) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    return _HINTS[kind]


def _checked(name: str, hint: Any, value: Any, limits: Any) -> Any:
    if get_origin(hint) is Literal:
        ok = isinstance(value, str) and value in get_args(hint)
    elif hint is bool:
        ok = isinstance(value, bool)
    elif type(None) in get_args(hint):
        inner = next(one for one in get_args(hint) if one is not type(None))
        return None if value is None else _checked(name, inner, value, limits)
    elif isinstance(hint, type) and is_dataclass(hint):
        if not isinstance(value, dict):
            raise BadFrame("bad_field", name)
        return build(hint, value)
    elif get_origin(hint) is list:
        if not isinstance(value, list) or len(value) > limits.get("most", 0):
            raise BadFrame("bad_field", name)
        return [_checked(name, get_args(hint)[0], one, limits) for one in value]
    elif hint is int:
        ok = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < BIG
    else:
        ok = isinstance(value, str) and len(value) <= limits.get("max", MAX_FRAME)
        if ok and limits.get("ident"):
            ok = IDENT.fullmatch(value) is not None
    if not ok:
        raise BadFrame("bad_field", name)
    return value
