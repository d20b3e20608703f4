"""How each address is asked in the small world: real ids of the first branch, bodies that would be accepted."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from attendance.core.codes import code_of
from cms.core.lesson import media_key
from cms.models import DrawnPaper
from media import storage
from media.signing import signed_url
from organizations.models import RoleGrant, User
from packages.signing import token
from tests.trust.urls import Row
from tests.trust.world import World

DEVICE = "a" * 32
FORM_TYPE = "application/x-www-form-urlencoded"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every route of the project as Django prints it."""
    for found in (resolver or get_resolver()).url_patterns:
        route = prefix + str(found.pattern)
        if isinstance(found, URLPattern):
            yield route
        else:
            yield from routes(found, route)


def _code(row: Row, world: World) -> str:
    """A form of meetings; at a hall's door the code that shows there now; a lecture's short code."""
    if row.route.startswith("l/"):
        return str(world.on_air.code)
    if not row.route.startswith("in/"):
        return "lesson"
    return code_of(world.hall.pk, key=settings.SECRET_KEY.encode(), at_s=int(timezone.now().timestamp()))


def parameters(row: Row, world: World) -> dict[str, Any]:
    """The first branch's own objects, as this route names them."""
    occasion = world.given.pk
    if row.route.startswith(("courses/", "watch/")):
        occasion = world.course.run.pk
    elif row.route.startswith("live/meetings/"):
        occasion = world.by_video.pk
    elif row.route.startswith(("live/", "admin/live/")) and "replay" not in row.route:
        occasion = world.on_air.pk
    elif row.route.startswith("meetings/"):
        coming = row.route.endswith(("change/", "withdraw/"))
        occasion = world.to_meet.pk if coming else world.met.pk
    keys = {
        "trainings": world.training.pk,
        "rules": world.given.occasion.rule_id,
        "course-runs": world.course.run.pk,
        "hours": world.hours.pk,
        "quizzes": world.question.pk if "question_chooser" in row.route else world.quiz.pk,
        "packages": world.package.pk,
    }
    return {
        "occasion_id": occasion,
        "training_id": world.training.pk,
        "member_id": world.member.pk,
        "dispute_id": world.dispute.pk,
        "recomputation_id": world.recomputation.pk,
        "quiz_id": world.quiz.pk,
        "package_id": world.package.pk,
        "comment_id": world.comment.pk,
        "path_id": world.path.pk,
        "question_id": world.question.pk,
        "evidence_id": world.tick.pk,
        "leave_id": world.leave.pk,
        "review_id": world.review.pk,
        "exemption_id": world.exemption.pk,
        "hall_id": world.hall.pk,
        "declaration_id": world.declaration.pk,
        "code": _code(row, world),
        "certificate_id": world.certificate.pk,
        "number": world.certificate.public_id,
        "file_id": 1,
        "lesson_id": world.course.lesson.pk,
        "page_id": world.course.lesson.pk,
        "course_id": world.course.page.pk,
        "revision_id": 1,
        "image_id": world.image.pk,
        "document_id": world.paper.pk,
        "key": DrawnPaper.objects.get(document=world.paper).key,
        "width": 720,
        "nth": 1,
        "upload_id": world.upload.pk,
        "video_id": world.recording.pk,
        "root": "videos",
        "object_id": world.recording.pk,
        "name": "records",
        "session": "k",
        "form": "csv",
        "what": {"people": "number", "units": "rename"}.get(row.route.split("/")[0], "correct"),
        "person_id": world.member.pk,
        "token": "A" * 43,
        "secret": "A" * 43,
        "word": "AbCd123",
        "token_id": world.token.pk,
        "webhook_id": world.webhook.pk,
        "platform_id": world.platform.pk,
        "visit_id": 1,
        "unit_id": world.county.branch.pk,
        "provider_id": "oidc",
        "link_id": world.account_link.pk,
        "factor_id": world.factor.pk,
        "grant_id": RoleGrant.objects.get(user=world.county.secretary).pk,
        "path": world.image.file.name,
        "pk": keys.get(row.route.split("/")[1] if row.route.startswith("admin/") else "", world.recording.pk),
    }


def address(row: Row, world: World, persona: str, **changed: Any) -> str:
    """The address that this person would use; for media, one signed for them."""
    if row.route.startswith("m/"):
        viewer = world.people[persona]
        return media_address(world, viewer.pk if isinstance(viewer, User) else 0)
    if row.route.startswith("packages/"):
        ticket = token(key=world.package.key, viewer_id=world.member.pk, as_of=timezone.now())
        changed = {"token": ticket, "path": world.package.launch} | changed
    values = parameters(row, world) | changed
    url = "/" + PARAMETER.sub(lambda match: str(values[match[1]]), row.route)
    return url + QUERIES.get(row.route, lambda _world: "")(world)


def media_address(world: World, viewer_id: int) -> str:
    video = world.recording
    path = f"{video.folder.rsplit('/', 1)[-1]}/master.m3u8"
    return signed_url(root="videos", object_id=str(video.pk), viewer_id=viewer_id, path=path, as_of=timezone.now())


def body(row: Row, method: str, world: World) -> dict[str, Any]:
    """What ``World.ask`` sends along: something that those who get in could really send."""
    if row.route.startswith("uploads/"):
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": "filename YS5tcDQ="}
        headers["Upload-Offset"] = "0"
        storage.upload_path(world.upload.pk).write_bytes(b"")  # a file is not taken back as rows are
        return {"headers": headers, "content_type": "application/offset+octet-stream", "data": "x" * 5}
    if method != "POST":
        return {}
    if row.route.endswith("complete/"):  # the player asks in JSON and is told what is missing
        return {"headers": {"Accept": "application/json"}}
    sent = JSON_BODIES.get(row.route)
    if sent is not None:
        return {"data": json.dumps(sent(world)), "content_type": "application/json"}
    return {"data": FORM_BODIES.get(row.route, ""), "content_type": FORM_TYPE}


QUERIES = {
    "units/choose.json": lambda _world: "?for=work",
    "live/meetings/plan/": lambda world: f"?form={world.by_video.occasion.meeting.form_code}",
    "live/<int:occasion_id>/ticket.json": lambda _world: f"?device={DEVICE}",
    "live/<int:occasion_id>/screen/ticket.json": lambda _world: f"?device={DEVICE}",
    "branch/<int:training_id>/hall/sync": lambda world: f"?occasion={world.on_air.pk}",
    "branch/<int:training_id>/hall/find": lambda world: f"?occasion={world.on_air.pk}&last4=0001",
}
FORM_BODIES = {
    "branch/declarations/<int:declaration_id>/": "outcome=confirm",
    "branch/occasions/<int:occasion_id>/members/<int:member_id>/<slug:what>/": "state=attended&reason=%E7%AD%BE",
    "branch/disputes/<int:dispute_id>/answer/": "answer=%E5%B7%B2%E6%94%B9&outcome=stays",
    "me/records/<int:occasion_id>/dispute/": "text=%E4%B8%8D%E5%AF%B9",
    "me/leaves/ask/": "category=duty&from_date=2027-01-04&until_date=2027-01-05",
    "branch/leaves/<int:leave_id>/": "do=refuse&reason=%E7%AD%BE",
    "branch/leaves/new/<int:member_id>/": "category=duty&from_date=2027-01-04&until_date=2027-01-05",
    "branch/corrections/<int:review_id>/": "do=refuse&reason=%E7%AD%BE",
    "exemptions/people/<int:member_id>/": "category=away&from_date=2027-01-04&do=check",
    "exemptions/<int:exemption_id>/end/": "on_date=2027-01-04&do=check",
    "me/notices/choices/": "do=channels&on=sms",
    "branch/reminders/": "text=",
    "branch/<int:training_id>/remind/": "token=x",
    "display/": "elder=1",
    "api/webhooks/<int:webhook_id>/": "do=off",
    "lti/platforms/<int:platform_id>/": "do=off",
    "courses/<int:occasion_id>/<int:lesson_id>/quizzes/<int:quiz_id>/": "do=start",
    "courses/<int:occasion_id>/<int:lesson_id>/talk/": "text=%E9%97%AE",
    "courses/<int:occasion_id>/talk/<int:comment_id>/decide/": "do=show",
    "certificates/<int:certificate_id>/withdraw/": "reason=%E7%AD%BE",
    "certificates/trainings/<int:training_id>/setting/": "do=off",
    "admin/recomputations/<int:recomputation_id>/": "what=drop",
    "people/<int:person_id>/<slug:what>/": "number=D-9",
    "units/<int:unit_id>/<slug:what>/": "name=%E7%94%B2%E6%94%AF%E9%83%A8",
    "units/<int:unit_id>/merge/": "unit=QX.01.02&sure=1",
}
JSON_BODIES = {
    "courses/<int:occasion_id>/<int:lesson_id>/quizzes/<int:quiz_id>/keep/": lambda world: {},
    "courses/<int:occasion_id>/<int:lesson_id>/asked/<int:question_id>/": lambda world: {
        "version": world.question.newest.pk, "picked": [0], "typed": "",
    },
    "courses/package-reports/<int:occasion_id>/<int:lesson_id>/<int:package_id>/": lambda world: {
        "id": "a" * 32, "version": 1, "seen": 0, "status": "incomplete", "success": "", "score": None, "location": "",
        "suspend": "", "total_ms": 0,
    },
    "courses/answers/": lambda world: {
        "owner": str(world.member.public_id), "attempt": world.attempt_id, "answers": [], "submit": False,
    },
    "watch/<int:occasion_id>/play": lambda world: {"device": "phone", "media": media_key(world.course.video.pk)},
    "watch/<int:occasion_id>/report": lambda world: {
        "session": world.session_id, "id": "r1", "ranges_ms": [[0, 1000]], "rate": 1.0, "position_ms": 1000,
    },
    "branch/<int:training_id>/hall/sync": lambda world: {"id": "a1", "members": [world.member.pk]},
    "live/<int:occasion_id>/outbox": lambda world: {"id": "n1", "device": DEVICE, "from_ms": 1, "to_ms": 2},
}  # fmt: skip
