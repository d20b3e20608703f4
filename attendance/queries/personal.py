"""Everything held about one person, for that person. Apps above add their part through ``settings.PERSONAL_DATA``."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from attendance.models import Correction, Dispute, Evidence, PresenceSpan, Recomputed, Record, RosterEntry, WatchSession
from organizations.models import Exemption, Membership, RoleGrant, User
from organizations.queries import access_entries, phone_of

Part = Callable[[User], dict[str, Any]]


def held_about(member: User, as_of: datetime) -> dict[str, Any]:
    """Return all data about ``member`` as plain values, one list a kind; only for their own eyes."""
    data = {"as_of": as_of, **_person(member), **_ledger(member)}
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
        "memberships": _rows(Membership, member, "node__code", "node__name", "active_from_date", "active_to_date"),
        "exemptions": _rows(Exemption, member, "category", "active_from_date", "active_to_date"),
        "roles": list(
            RoleGrant.objects.filter(user=member)
            .order_by("id")
            .values("role", "node__code", "node__name", "active_from_date", "active_to_date")
        ),
        "looked_at_by": list(
            access_entries(subject_id=member.pk).values(
                "reader__name", "role", "what", "title", "node__name", "count", "reason", "at"
            )
        ),
    }


def _ledger(member: User) -> dict[str, Any]:
    occasion = ("occasion_id", "occasion__title")
    return {
        "roster": _rows(RosterEntry, member, *occasion, "node__name", "state", "why"),
        "presence": _rows(PresenceSpan, member, *occasion, "device", "started_at", "ended_at", "end_reason"),
        "watching": _rows(WatchSession, member, *occasion, "device", "media", "started_at", "last_at", "position_ms"),
        "evidence": _rows(
            Evidence, member, "id", *occasion, "kind", "device", "client_id", "started_at", "ended_at", "media",
            "ranges_ms", "category", "recorded_by__name", "recorded_at", "withdraws_id",
        ),
        "records": _rows(
            Record, member, *occasion, "state", "reasons", "live_ms", "replay_ms", "hall_ms", "union_ms", "hours",
            "stands", "stands_hours", "form", "rule_version", "evidence_digest", "judged_at",
        ),
        "recomputed": _rows(
            Recomputed, member, "recomputation__occasion_id", "recomputation__occasion__title", "recomputation__reason",
            "recomputation__state", "recomputation__asked_at", "before", "after", "hours_before", "hours_after",
            "was_corrected", "is_corrected",
        ),
        "corrections": list(
            Correction.objects.filter(record__member=member)
            .order_by("id")
            .values("record__occasion_id", "state", "was_state", "reason", "author__name", "at")
        ),
        "disputes": _rows(
            Dispute, member, *occasion, "text", "state", "answer", "raised_at", "answered_at", "answered_by__name",
            "correction__state", "seen_at",
        ),
    }  # fmt: skip


def _rows(model: Any, member: User, *fields: str) -> list[dict[str, Any]]:
    return list(model.objects.filter(member=member).order_by("id").values(*fields))
