"""What is said and done in a lecture's room. Written before it is acknowledged, announced after it is committed."""

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.db import connection, transaction

from live import room_events
from live.models import ChatMessage, Lecture, Restriction
from live.queries import ChatLine, labels_of, units_at

MAX_TEXT = 500
SPOKEN_IN = (Lecture.State.SCHEDULED, Lecture.State.LIVE)
CHAT_KEPT = dt.timedelta(days=180)
PRUNE_AT_ONCE = 1000
PRUNE_AT_MOST = 50_000
# C0/C1 controls, line and direction marks that can turn a neighbour's line around, and lone surrogates.
UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class UnableToChat(Exception):
    """``code``: "empty", "too_long", "muted", "chat_off" or "closed"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def clean_text(text: str) -> str:
    """Return ``text`` without controls and direction marks, runs of white space as one space."""
    return " ".join(UNPRINTABLE.sub(" ", text).split())


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody says in a room. ``label``: their name and unit, where the caller knows them.

    ``is_host``: leads the room now, which the line says for good, and may speak while the hosts have closed the chat.
    """

    occasion_id: int
    author_id: int
    client_id: str
    text: str
    at: dt.datetime
    label: tuple[str, str] | None = None
    is_host: bool = False

    @property
    def key(self) -> tuple[int, str]:
        return self.author_id, self.client_id


@transaction.atomic
def say_all(*, sayings: Sequence[Saying]) -> list[ChatLine | UnableToChat]:
    """Store messages of any rooms by one INSERT, and announce them after the commit; each gets its answer in order.

    The same ``client_id`` of an author again answers the message that was stored by it, whatever became of the room;
    of two that come at once, on whatever socket or process, one is stored. Nobody is muted and no lecture ends between
    the question whether they may speak and the commit: whoever does either waits for us, or we for them.
    """
    answers: dict[tuple[int, str], ChatLine | UnableToChat] = {}
    fit: dict[tuple[int, str], Saying] = {}
    for one in sayings:
        words = clean_text(one.text)
        if words and len(words) <= MAX_TEXT:
            fit.setdefault(one.key, replace(one, text=words))
        else:
            answers[one.key] = UnableToChat("too_long" if words else "empty")
    rooms, quiet = open_rooms({one.occasion_id for one in fit.values()})
    silent = restricted_in({one.occasion_id for one in fit.values()}, {one.author_id for one in fit.values()})
    for key, one in fit.items():
        if one.occasion_id not in rooms:
            answers[key] = UnableToChat("closed")
        elif (one.occasion_id, one.author_id) in silent:
            answers[key] = UnableToChat("muted")
        elif one.occasion_id in quiet and not one.is_host:
            answers[key] = UnableToChat("chat_off")
    # In one order in every process: two that store the same two messages at once never wait in a circle.
    speaking = sorted((one for key, one in fit.items() if key not in answers), key=lambda one: one.key)
    stored = _store(speaking)
    labels = labels_of({one.author_id for one in speaking if one.key in stored and one.label is None})
    events = []
    for one in speaking:
        if one.key in stored:
            line = _line_of(one, stored[one.key], one.label or labels[one.author_id])
            answers[one.key] = line
            events.append((one.occasion_id, line.event()))
    answers |= _known([key for key in fit if not isinstance(answers.get(key), ChatLine)])
    if events:
        transaction.on_commit(partial(room_events.publish_all, events))
    return [answers[one.key] for one in sayings]


def _line_of(one: Saying, message_id: int, label: tuple[str, str]) -> ChatLine:
    name, unit = label
    at_ms = round(one.at.timestamp() * 1000)
    return ChatLine(message_id, one.author_id, name, unit, one.text, at_ms, host=one.is_host)


def open_rooms(occasion_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Return which of these lectures are not over, and in which of those only hosts may speak.

    They stay so until the transaction ends (a shared lock).
    """
    if not occasion_ids:
        return set(), set()
    lock = "FOR SHARE" if connection.vendor == "postgresql" else ""  # Django has no word for it
    places = ", ".join(["%s"] * len(occasion_ids))
    sql = (
        "SELECT occasion_id, state, is_chat_open FROM live_lecture "  # noqa: S608 - only places
        f"WHERE occasion_id IN ({places}) ORDER BY occasion_id {lock}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, sorted(occasion_ids))
        rows = [row for row in cursor.fetchall() if row[1] in SPOKEN_IN]
    return {int(row[0]) for row in rows}, {int(row[0]) for row in rows if not row[2]}


def restricted_in(occasion_ids: Collection[int], member_ids: Collection[int]) -> set[tuple[int, int]]:
    # A statement of its own: it sees what was committed while the first waited for its locks.
    found = Restriction.objects.filter(lecture_id__in=occasion_ids, member_id__in=member_ids, lifted_at=None)
    return set(found.values_list("lecture_id", "member_id"))


def _store(sayings: Sequence[Saying]) -> dict[tuple[int, str], int]:
    """Insert what is not there yet; the unique index refuses the others. Returns the new messages' ids."""
    if not sayings:
        return {}
    adapt = connection.ops.adapt_datetimefield_value
    places = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(sayings))
    sql = (
        "INSERT INTO live_chatmessage (lecture_id, author_id, client_id, text, at, is_host) "  # noqa: S608 - only places
        f"VALUES {places} "
        "ON CONFLICT (author_id, client_id) DO NOTHING RETURNING author_id, client_id, id"
    )
    rows = [(one.occasion_id, one.author_id, one.client_id, one.text, adapt(one.at), one.is_host) for one in sayings]
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row])
        return {(int(author), str(client)): int(key) for author, client, key in cursor.fetchall()}


def _known(keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], ChatLine | UnableToChat]:
    """Return the messages that were stored before by these keys."""
    if not keys:
        return {}
    rows = ChatMessage.objects.select_related("author").filter(
        author_id__in={author for author, _client in keys}, client_id__in={client for _author, client in keys}
    )
    found = [row for row in rows if (row.author_id, row.client_id) in keys]
    units = units_at({(row.author_id, row.at) for row in found})
    return {
        (row.author_id, row.client_id): ChatLine.of(row, name=row.author.name, unit=units[row.author_id, row.at])
        for row in found
    }


def hide_message(*, occasion_id: int, message_id: int, actor_id: int, as_of: dt.datetime) -> bool:
    """Hide a message from everybody; return whether it was visible before."""
    with transaction.atomic():
        hidden = ChatMessage.objects.filter(pk=message_id, lecture_id=occasion_id, hidden_at=None).update(
            hidden_at=as_of, hidden_by_id=actor_id
        )
        if hidden:
            event = {"t": "hidden", "message": message_id}
            transaction.on_commit(lambda: room_events.publish(occasion_id, event, flush=True))
    return bool(hidden)


def delete_old_chat(*, as_of: dt.datetime) -> int:
    """Delete chat older than its retention of 180 days, the oldest first; return how many messages went.

    At most ``PRUNE_AT_MOST`` a call, in steps that each hold few rows.
    """
    deleted = 0
    while deleted < PRUNE_AT_MOST:
        old = ChatMessage.objects.filter(at__lt=as_of - CHAT_KEPT).order_by("at")
        keys = list(old.values_list("pk", flat=True)[:PRUNE_AT_ONCE])
        if keys:
            deleted += ChatMessage.objects.filter(pk__in=keys).delete()[0]
        if len(keys) < PRUNE_AT_ONCE:
            break
    return deleted
