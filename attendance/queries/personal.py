"""Everything held about one person, for that person. Apps above add their part through ``settings.PERSONAL_DATA``."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from attendance.models import (
    CheckAnswer,
    Correction,
    Declaration,
    Dispute,
    Evidence,
    Guest,
    Leave,
    LeaveOccasion,
    MessageAccount,
    Notice,
    PresenceSpan,
    Recomputed,
    Record,
    ReminderMessage,
    RosterEntry,
    WatchSession,
)
from attendance.queries.notices import choice_of
from organizations.core import phones
from organizations.models import EndedAccount, Exemption, Membership, RoleGrant, User
from organizations.queries import access_entries, account_links_of, phone_of

OCCASION = ("occasion_id", "occasion__title")
Part = Callable[[User], dict[str, Any]]


def held_about(member: User, as_of: datetime) -> dict[str, Any]:
    """Return all data about ``member`` as plain values, one list a kind; only for their own eyes."""
    data = {"as_of": as_of, **_person(member), **_ledger(member), **_entered(member), **_told(member)}
    for path in settings.PERSONAL_DATA:
        part: Part = import_string(path)
        data.update(part(member))
    return data


def _person(member: User) -> dict[str, Any]:
    return {
        "person": {
            "name": member.name,
            "number": member.number,
            "phone": phone_of(member),
            "phone_verified": member.phone_verified,
            "language": member.language,
            "elder_mode": member.elder_mode,
            "created_at": member.created_at,
            "last_login": member.last_login,
        },
        "notice_choices": _choices(member),
        "message_accounts": _messengers(member),
        "memberships": _rows(Membership, member, "node__code", "node__name", "active_from_date", "active_to_date"),
        "exemptions": _rows(Exemption, member, "category", "document", "active_from_date", "active_to_date"),
        "roles": list(
            RoleGrant.objects.filter(user=member)
            .order_by("id")
            .values("role", "node__code", "node__name", "active_from_date", "active_to_date")
        ),
        "accounts": list(account_links_of(member).values("provider", "external_id", "made_at", "used_at")),
        "ended_accounts": _rows(EndedAccount, member, "provider", "ended_at"),
        "looked_at_by": list(
            access_entries(subject_id=member.pk).values(
                "reader__name", "role", "what", "title", "node__name", "count", "reason", "at"
            )
        ),
    }


def _choices(member: User) -> dict[str, Any]:
    choice = choice_of(member.pk)
    address = _opened(choice.email_cipher) if choice.email_cipher else ""
    return {
        "sms": choice.sms, "email": choice.email, "wecom": choice.wecom, "dingtalk": choice.dingtalk,
        "email_address": address, "calendar_made_at": choice.calendar_made_at,
    }  # fmt: skip


def _messengers(member: User) -> list[dict[str, Any]]:
    """Return who the person is at providers of work messages, as it was asked; "" where they are not there."""
    rows = MessageAccount.objects.filter(member=member).order_by("channel")
    return [
        {
            "channel": row.channel, "asked_at": row.asked_at,
            "account": _opened(row.account_cipher) if row.account_cipher else "",
        }
        for row in rows
    ]  # fmt: skip


def _opened(cipher: bytes | memoryview) -> str:
    return phones.unseal(settings.PHONE_KEY, bytes(cipher)).decode()


def _ledger(member: User) -> dict[str, Any]:
    """Return where the person was expected, what was captured of them, and what was judged."""
    return {
        "roster": _rows(RosterEntry, member, *OCCASION, "node__name", "state", "why"),
        "presence": _rows(PresenceSpan, member, *OCCASION, "device", "started_at", "ended_at", "end_reason"),
        "watching": _rows(WatchSession, member, *OCCASION, "device", "media", "started_at", "last_at", "position_ms"),
        "evidence": _rows(
            Evidence, member, "id", *OCCASION, "kind", "device", "client_id", "started_at", "ended_at", "media",
            "ranges_ms", "category", "score", "recorded_by__name", "recorded_at", "withdraws_id",
        ),
        "check_answers": _rows(
            CheckAnswer, member, *OCCASION, "checked__version", "attempt", "question__text", "picked", "is_right",
            "answered_at",
        ),
        "records": _rows(
            Record, member, *OCCASION, "state", "reasons", "live_ms", "replay_ms", "hall_ms", "union_ms", "hours",
            "stands", "stands_hours", "form", "rule_version", "evidence_digest", "judged_at",
        ),
        "recomputed": _rows(
            Recomputed, member, "recomputation__occasion_id", "recomputation__occasion__title", "recomputation__reason",
            "recomputation__state", "recomputation__asked_at", "before", "after", "hours_before", "hours_after",
            "was_corrected", "is_corrected",
        ),
    }  # fmt: skip


def _entered(member: User) -> dict[str, Any]:
    """Return what people entered by hand: declarations, the guest's row, corrections and leaves."""
    return {
        "declarations": _rows(
            Declaration, member, *OCCASION, "category", "source", "studied_at", "minutes", "state", "asked_at",
            "answered_at", "answered_by__name", "reason",
        ),
        "guest": _rows(
            Guest, member, *OCCASION, "node__name", "name", "unit", "last4", "started_at", "ended_at",
            "recorded_by__name", "recorded_at", "settled_by__name", "settled_at",
        ),
        "corrections": list(
            Correction.objects.filter(record__member=member)
            .order_by("id")
            .values("record__occasion_id", "state", "was_state", "reason", "author__name", "at",
                "review__state", "review__why", "review__reason", "review__decided_at", "review__decided_by__name")
        ),
        "leaves": _leaves(member),
    }  # fmt: skip


def _leaves(member: User) -> list[dict[str, Any]]:
    ticks: dict[int, list[int]] = {}
    for leave_id, occasion_id in LeaveOccasion.objects.filter(leave__member=member).values_list("leave", "occasion"):
        ticks.setdefault(leave_id, []).append(occasion_id)
    rows = _rows(
        Leave, member, "id", "category", "from_date", "to_date", "state", "reason", "asked_at", "asked_by__name",
        "decided_at", "decided_by__name", "ended_at", "ended_by__name", "node__name",
    )  # fmt: skip
    return [{**row, "occasions": ticks.get(row["id"], [])} for row in rows]


def _told(member: User) -> dict[str, Any]:
    """Return what the person was told, and what they objected to."""
    return {
        "notices": _rows(Notice, member, "kind", "training__title", "occasion__title", "data", "at", "seen_at"),
        "reminders_sent": _rows(
            ReminderMessage, member, "reminder__training__title", "reminder__made_by__name", "channel", "state", "text",
            "made_at", "done_at", "delivery", "delivery_why", "reported_at",
        ),
        "disputes": _rows(
            Dispute, member, *OCCASION, "reason", "text", "outages", "state", "withdrawn_at",
            "answer", "raised_at", "answered_at", "answered_by__name",
            "correction__state", "seen_at",
        ),
    }  # fmt: skip


def _rows(model: Any, member: User, *fields: str) -> list[dict[str, Any]]:
    return list(model.objects.filter(member=member).order_by("id").values(*fields))
