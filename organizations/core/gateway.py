"""A text message as one HTTP request made from a template, and what its answer means. Pure.

Placeholders: ``{phone}`` (E.164), ``{mobile}`` (a mainland number as its 11 digits, others without the +), ``{code}``,
``{text}``, ``{secret}``. What is put in is escaped for the place it lands in; the template itself is never changed.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

PLACEHOLDER = re.compile(r"\{(phone|mobile|code|text|secret)\}")
ANYTHING_BRACED = re.compile(r"\{([A-Za-z0-9_]+)\}")
KNOWN = ("phone", "mobile", "code", "text", "secret")
PLAIN = re.compile(r"[A-Za-z0-9._:\-]{1,80}")
ID = re.compile(r"[!-~]{1,80}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
SHORTEST_NUMBER = 4
LONGEST_TEXT = 200
PATH = re.compile(r"[^.=]+(\.[^.=]+)*")
MISSING = object()  # as a value may be null


class UnableToReadTemplate(ValueError):
    """The template, the headers or the sign of success are not written as they must be; says what is wrong."""


@dataclass(frozen=True)
class Success:
    """How a taken message is recognised: a status of 2xx always, and a word in the answer or a value in its JSON."""

    text: str = ""
    path: tuple[str, ...] = ()
    value: str = ""


def mobile_of(phone: str) -> str:
    """A mainland number as its 11 digits, another one as its digits with the country code."""
    return phone.removeprefix("+86") if phone.startswith("+86") else phone.removeprefix("+")


def read_headers(text: str) -> dict[str, str]:
    """A JSON object of names and texts. Raises UnableToReadTemplate."""
    try:
        found = json.loads(text) if text else {}
    except ValueError as error:
        raise UnableToReadTemplate("不是一个 JSON 对象 (is no JSON object)") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UnableToReadTemplate(
            '要写成 JSON，值都是文字，例如 {"Content-Type": "application/json"} (a JSON object of texts)'
        )
    for name, value in found.items():
        if CONTROL.search(name + value) or not name.isascii() or not value.isascii():
            raise UnableToReadTemplate("只能有英文字母、数字和符号 (plain ASCII alone)")
        check_placeholders(value)
    return found


def read_success(text: str) -> Success:
    """``status``, ``text:WORD`` or ``json:path.to.field=VALUE``. Raises UnableToReadTemplate."""
    kind, _, rest = text.partition(":")
    if kind == "status" and not rest:
        return Success()
    if kind == "text" and rest:
        return Success(text=rest)
    path, equals, value = rest.partition("=")
    if kind == "json" and equals and PATH.fullmatch(path):
        return Success(path=tuple(path.split(".")), value=value)
    raise UnableToReadTemplate(
        "只能写 status、text:某个词 或 json:字段.字段=值 (status, text:WORD or json:field=VALUE)"
    )


def read_path(text: str) -> tuple[str, ...]:
    """``field.of.answer`` as its steps; nothing where nothing is written. Raises UnableToReadTemplate."""
    if text and not PATH.fullmatch(text):
        raise UnableToReadTemplate("要写成 字段.字段，例如 data.0.id (a path such as data.0.id)")
    return tuple(text.split(".")) if text else ()


def check_placeholders(template: str) -> None:
    """Raises UnableToReadTemplate for a name in braces that nothing is put in for."""
    unknown = sorted(set(ANYTHING_BRACED.findall(template)) - set(KNOWN))
    if unknown:
        raise UnableToReadTemplate(f"里的 {{{unknown[0]}}} 不认识，可以写的是 {{{'}、{'.join(KNOWN)}}} (unknown word)")


def fill(template: str, values: Mapping[str, str], escaping: Callable[[str], str]) -> str:
    """Put the values in, each escaped; what a value holds is never read as a placeholder again."""
    return PLACEHOLDER.sub(lambda match: escaping(values[match[1]]), template)


def in_url(text: str) -> str:
    return quote(text, safe="")


def in_json(text: str) -> str:
    """For between the quotes of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def in_xml(text: str) -> str:
    """For an element's text and for between the quotes of an attribute."""
    return escape(CONTROL.sub("", text), {'"': "&quot;", "'": "&apos;"})


def as_it_is(text: str) -> str:
    """For a header: what could end its line is left out."""
    return CONTROL.sub("", text)


def escaping_of(content_type: str) -> Callable[[str], str]:
    """How a body of this type escapes what is put in. Raises UnableToReadTemplate for a type not known here."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return in_url
    if kind == "application/json":
        return in_json
    if kind in {"application/xml", "text/xml"}:
        return in_xml
    raise UnableToReadTemplate(
        "里的 Content-Type 只能是 application/json、application/x-www-form-urlencoded、application/xml 或 text/xml"
        " (needs one of them)"
    )


def is_taken(success: Success, *, status: int, answer: str) -> bool:
    """Whether the gateway says that it took the message."""
    if not 200 <= status < 300:
        return False
    if success.path:
        return value_at(success.path, answer) == success.value
    return success.text in answer


def value_at(path: tuple[str, ...], answer: str) -> str | None:
    """The value in a JSON answer as text (true, 0 and null as JSON writes them); None where there is none."""
    try:
        found = value_in(path, json.loads(answer))
    except (ValueError, RecursionError):
        return None
    if found is MISSING:
        return None
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def value_in(path: tuple[str, ...], whole: Any) -> Any:
    """What stands at a path of names and numbers in read JSON; MISSING where nothing does."""
    found = whole
    for step in path:
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(found):
            found = found[int(step[:9])]
        else:
            return MISSING
    return found


def plain_word(text: Any, *, hidden: tuple[str, ...]) -> str:
    """A provider's code or request id as a log may hold it; anything else becomes empty."""
    word = text if isinstance(text, str) else ""
    return word if PLAIN.fullmatch(word) and not any(one and one in word for one in hidden) else ""


def message_id(text: Any, *, hidden: tuple[str, ...] = ()) -> str:
    """A provider's name of a message as a row may hold it; "" for what is none, is too long or holds a number."""
    word = str(text) if isinstance(text, str | int) and not isinstance(text, bool) else ""
    return word if ID.fullmatch(word) and not any(one and one in word for one in hidden) else ""


def without_secrets(text: Any, *, hidden: tuple[str, ...]) -> str:
    """A provider's own sentence for the operator's screen: one short line, with what is ``hidden`` starred out."""
    line = CONTROL.sub(" ", text if isinstance(text, str) else "").strip()
    for one in sorted((one for one in hidden if len(one) >= SHORTEST_NUMBER), key=len, reverse=True):
        line = line.replace(one, "***")
    return line[:LONGEST_TEXT]
