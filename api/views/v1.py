"""``/api/v1/``: what other programs read. Each address asks for one scope; nothing here changes anything (ADR 77)."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from ninja import Field, NinjaAPI, Query, Schema
from ninja.errors import AuthenticationError, ValidationError

from api import answers
from api.models import Scope
from api.queries import reading
from api.views import schemas
from api.views.door import Caller, Door, Refused, no_key, nothing_here
from attendance.models import Training
from attendance.operations import fold_for_page
from attendance.reports.base import Scope as Part
from attendance.reports.standing import rolled_up
from attendance.standing import DUE, MISSED
from organizations import replica
from organizations.models import Node

_: Any = gettext_lazy  # the description is written out in the language of whoever reads it
FIRST_YEAR = 2000
DECEMBER = 12
State = Literal["missing", "incomplete", "due", "pending", "made_up", "attended", "excused", "exempt"]
LARGEST = 2**63 - 1
T = TypeVar("T")
ERRORS: Any = {401: schemas.Error, 403: schemas.Error, 404: schemas.Error, 422: schemas.Error, 429: schemas.Error}

api = NinjaAPI(
    title="指尖上的课堂",
    version="1",
    urls_namespace="api_v1",
    docs_url=None,
    openapi_url="openapi.json",
    auth=Door(),
)


def answer(item: Any) -> Any:
    """What an address may answer with, errors among it."""
    return {200: item, **ERRORS}


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    response = answers.error(error.status, error.code, error.message, fields=error.fields)
    for name, value in error.headers.items():
        response.headers[name] = value
    return response


@api.exception_handler(AuthenticationError)
def without_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return refused(request, no_key())


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return refused(request, nothing_here())


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = sorted({str(one["loc"][-1]) for one in error.errors})
    named = gettext("、").join(fields)
    return answers.error(
        422, "invalid", gettext("参数写得不对：%(named)s。请对照说明改正。") % {"named": named}, fields=fields
    )


def caller_of(request: HttpRequest) -> Caller:
    """Return who asks; ``Door`` has let them in."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller


def training_of(caller: Caller, training_id: int, unit: int | None) -> tuple[Training, Node]:
    """Return the training and the part of the tree it is asked for. Raises Refused (404)."""
    node = caller.unit(unit)
    training = reading.training_at(node, training_id)
    if training is None:
        raise nothing_here()
    return training, node


def read(request: HttpRequest, work: Callable[[dt.datetime], T]) -> replica.Shown[T]:
    """Return what ``work`` reads, from the replica if there is one; the answer says as of when (``api.answers``)."""
    shown = replica.read(work, as_of=timezone.now(), reader_id=caller_of(request).maker.pk)
    request.data_as_of = shown.as_of  # type: ignore[attr-defined]
    return shown


class InUnit(schemas.Paged):
    """Of which unit below the token's own; all of the token's part of the tree without one."""

    unit: int | None = Field(None, ge=1, le=LARGEST)


class OfCounts(Schema):
    """Of which unit, all of it at once."""

    unit: int | None = Field(None, ge=1, le=LARGEST)


class OfRecords(InUnit):
    """Which records."""

    occasion: int | None = Field(None, ge=1, le=LARGEST)
    state: State | None = None


class OfMissing(InUnit):
    """Of which occasion."""

    occasion: int | None = Field(None, ge=1, le=LARGEST)


class OfYear(InUnit):
    """Which year."""

    year: int = Field(..., ge=FIRST_YEAR, le=9998)


class OfMonth(OfYear):
    """Which month."""

    month: int = Field(..., ge=1, le=DECEMBER)


@api.get(
    "/token",
    response=answer(schemas.Key),
    url_name="token",
    summary=_("这个密钥能读什么"),
    description=_("用来检查密钥：用途、可读内容、组织和有效期。"),
)
def token(request: HttpRequest) -> Any:
    return schemas.key_item(caller_of(request).token)


@api.get(
    "/units",
    response=answer(schemas.Listed[schemas.Unit]),
    auth=Door(Scope.PEOPLE),
    url_name="units",
    summary=_("组织"),
    description=_("密钥所在组织和它的全部下级，按组织树的顺序。"),
)
def units(request: HttpRequest, asked: Query[InUnit]) -> Any:
    node = caller_of(request).unit(asked.unit)
    page = reading.units_page(node, after=asked.place(), limit=asked.limit)
    return schemas.listed(page, [schemas.unit_item(row) for row in page.rows])


@api.get(
    "/people",
    response=answer(schemas.Listed[schemas.Member]),
    auth=Door(Scope.PEOPLE),
    url_name="people",
    summary=_("人员"),
    description=_("今天属于这些组织的人。没有手机号。读到的每个人都能看到这次读取。"),
)
@transaction.atomic
def people(request: HttpRequest, asked: Query[InUnit]) -> Any:
    caller = caller_of(request)
    node, today = caller.unit(asked.unit), timezone.localdate()
    shown = read(request, lambda _at: reading.people_page(node, on_date=today, after=asked.place(), limit=asked.limit))
    page = shown.value
    caller.log(node, page.rows, what="api_people", filters={})
    return schemas.listed(page, [schemas.member_item(row) for row in page.rows])


@api.get(
    "/trainings",
    response=answer(schemas.Listed[schemas.TrainingItem]),
    auth=Door(Scope.TRAININGS),
    url_name="trainings",
    summary=_("培训"),
    description=_("涉及这些组织的培训，草稿除外，按建立的先后。"),
)
def trainings(request: HttpRequest, asked: Query[InUnit]) -> Any:
    node = caller_of(request).unit(asked.unit)
    page = reading.trainings_page(node, after=asked.place(), limit=asked.limit)
    return schemas.listed(page, [schemas.training_item(one) for one in page.rows])


@api.get(
    "/trainings/{int:training_id}",
    response=answer(schemas.TrainingItem),
    auth=Door(Scope.TRAININGS),
    url_name="training",
    summary=_("一个培训"),
)
def training(request: HttpRequest, training_id: int) -> Any:
    return schemas.training_item(training_of(caller_of(request), training_id, None)[0])


@api.get(
    "/trainings/{int:training_id}/occasions",
    response=answer(schemas.Listed[schemas.OccasionItem]),
    auth=Door(Scope.TRAININGS),
    url_name="occasions",
    summary=_("一个培训的场次"),
    description=_("直播、课程、会议各是一场；作废和没有举行的也在内，看 state。"),
)
def occasions(request: HttpRequest, training_id: int, asked: Query[InUnit]) -> Any:
    one, node = training_of(caller_of(request), training_id, asked.unit)
    page = reading.occasions_page(one, node, after=asked.place(), limit=asked.limit)
    return schemas.listed(page, [schemas.occasion_item(row) for row in page.rows])


@api.get(
    "/trainings/{int:training_id}/counts",
    response=answer(schemas.Counted),
    auth=Door(Scope.COUNTS),
    url_name="counts",
    summary=_("统计人数"),
    description=_("每个人按最差的一场算一次，与页面上的数相同；没有人名。is_current 为 false 时，数字可能晚几秒。"),
)
def counts(request: HttpRequest, training_id: int, asked: Query[OfCounts]) -> Any:
    one, node = training_of(caller_of(request), training_id, asked.unit)
    is_current = fold_for_page(training_ids=[one.pk])
    found = rolled_up(Part(training=one, node=node, as_of=timezone.now()))
    return {
        "training_id": one.pk,
        "unit_id": node.pk,
        "is_current": is_current,
        "counts": schemas.numbers(found.counts),
        "occasions": [
            {"occasion_id": pk, "counts": schemas.numbers(row)} for pk, row in sorted(found.by_occasion.items())
        ],
        "below": [
            {"unit_id": found.ids[path], "unit": name, "counts": schemas.numbers(found.counts_below(path))}
            for path, name in found.names.items()
        ],
    }


@api.get(
    "/trainings/{int:training_id}/records",
    response=answer(schemas.Listed[schemas.RecordItem]),
    auth=Door(Scope.RECORDS),
    url_name="records",
    summary=_("参训记录"),
    description=_("名单上每个人在每一场怎样，按组织、人、场次的顺序。读到的每个人都能看到这次读取。"),
)
@transaction.atomic
def records(request: HttpRequest, training_id: int, asked: Query[OfRecords]) -> Any:
    states = (asked.state,) if asked.state else None
    return _records(request, training_id, asked, states=states, what="api_records", state=asked.state)


@api.get(
    "/trainings/{int:training_id}/missing",
    response=answer(schemas.Listed[schemas.RecordItem]),
    auth=Door(Scope.RECORDS),
    url_name="missing",
    summary=_("还有谁没有参加"),
    description=_("未参加、记录不全和课程还没学完的人，每人每场一行。读到的每个人都能看到这次读取。"),
)
@transaction.atomic
def missing(request: HttpRequest, training_id: int, asked: Query[OfMissing]) -> Any:
    return _records(request, training_id, asked, states=(*MISSED, DUE), what="api_missing")


def _records(
    request: HttpRequest,
    training_id: int,
    asked: OfRecords | OfMissing,
    *,
    states: tuple[str, ...] | None,
    what: str,
    state: str | None = None,
) -> Any:
    caller = caller_of(request)
    one, node = training_of(caller, training_id, asked.unit)

    def standing(as_of: dt.datetime) -> reading.Page[reading.RecordRow]:
        part = Part(training=one, node=node, as_of=as_of)
        return reading.records_page(
            part, after=asked.place(), limit=asked.limit, states=states, occasion_id=asked.occasion
        )

    page = read(request, standing).value
    filters = {"training": one.title, "occasion": asked.occasion, "state": state}
    caller.log(node, page.rows, what=what, filters=filters)
    return schemas.listed(page, [schemas.record_item(row) for row in page.rows])


@api.get(
    "/hours",
    response=answer(schemas.Listed[schemas.HoursItem]),
    auth=Door(Scope.HOURS),
    url_name="hours",
    summary=_("一年的学时"),
    description=_(
        "今天属于这些组织的人在这一年应学、已计入和还差的学时。学时跟着本人走。读到的每个人都能看到这次读取。"
    ),
)
@transaction.atomic
def hours(request: HttpRequest, asked: Query[OfYear]) -> Any:
    caller = caller_of(request)
    node, today = caller.unit(asked.unit), timezone.localdate()
    place, limit = asked.place(), asked.limit
    page = read(
        request, lambda _at: reading.years_page(node, year=asked.year, on_date=today, after=place, limit=limit)
    ).value
    caller.log(node, [row for row, _year in page.rows], what="api_hours", filters={"year": asked.year})
    return schemas.listed(page, [schemas.hours_item(row, year) for row, year in page.rows])


@api.get(
    "/hours/month",
    response=answer(schemas.Listed[schemas.MonthItem]),
    auth=Door(Scope.HOURS),
    url_name="month",
    summary=_("一个月的学时"),
    description=_("同样这些人在这个月开始的场次里得到的学时和场数，不管一年的上限。读到的每个人都能看到这次读取。"),
)
@transaction.atomic
def month(request: HttpRequest, asked: Query[OfMonth]) -> Any:
    caller = caller_of(request)
    node, today = caller.unit(asked.unit), timezone.localdate()
    since = dt.datetime(asked.year, asked.month, 1, tzinfo=timezone.get_current_timezone())
    until = (since + dt.timedelta(days=32)).replace(day=1)
    place, limit = asked.place(), asked.limit
    page = read(
        request,
        lambda _at: reading.month_page(node, since=since, until=until, on_date=today, after=place, limit=limit),
    ).value
    filters = {"month": f"{asked.year}-{asked.month:02}"}
    caller.log(node, [row.person for row in page.rows], what="api_hours", filters=filters)
    return schemas.listed(page, [schemas.month_item(row) for row in page.rows])
