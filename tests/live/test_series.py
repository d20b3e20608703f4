"""A series through the real office: planned with dates left out, changed and cancelled alone or from one on."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from attendance.models import Occasion
from live import operations
from live.models import Lecture, LectureSeries
from live.operations import cancel_following, go_live, schedule_lectures
from live.queries.series import following, following_elsewhere, plan_of
from organizations.models import Role
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.live import make_lecture
from tests.factories.organizations import County, RoleGrantFactory, make_county
from tests.office import hidden

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
WEEK = 7 * DAY
ADD = "/admin/live/schedule/add/"


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def office(world: County, client: Client) -> Client:
    client.force_login(world.organiser)
    return client


def tomorrow_at(hour: int) -> dt.datetime:
    return timezone.localtime().replace(hour=hour, minute=0, second=0, microsecond=0) + DAY


def at_minute(at: dt.datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")


def values(world: County, **changes: Any) -> dict[str, Any]:
    training = TrainingFactory(
        node=world.county, starts_date=timezone.localdate(), deadline_at=timezone.now() + 900 * DAY
    )
    form = {
        "training": training.pk, "title": "每周一课", "node": world.branch.pk, "starts_at": at_minute(tomorrow_at(10)),
        "minutes": 60, "lecturer": world.lecturer.pk, "rule": RuleFactory().pk, "record": "on", "webrtc_cap": 100,
        "repeats": "week", "times": "4", "until": "",
    }  # fmt: skip
    return {**form, **changes}


def agreed(answer: Any) -> dict[str, str]:
    page = answer.content.decode()
    return {"seen": hidden(page, "seen"), "agreed": hidden(page, "agreed")}


def dates_on(answer: Any) -> list[str]:
    return re.findall(r'name="listed" value="([^"]+)"', answer.content.decode())


def planned(office: Client, world: County, **changes: Any) -> list[Lecture]:
    """Plan a series as an organiser does, with every date."""
    form = values(world, **changes)
    first = office.post(ADD, form)
    dates = dates_on(first)
    assert office.post(ADD, {**form, **agreed(first), "listed": dates, "dates": dates}).status_code == 302
    return series()


def series() -> list[Lecture]:
    found = Lecture.objects.filter(series__isnull=False).select_related("occasion", "series")
    return list(found.order_by("occasion__starts_at"))


def said(answer: Any) -> str:
    return "".join(str(one) for one in answer.context["messages"])


# --- planned ----------------------------------------------------------------------------------------------------------


def test_all_dates_are_shown_before_any_is_planned_and_each_can_be_left_out(world: County, office: Client) -> None:
    form = values(world)
    first = office.post(ADD, form)
    assert (first.status_code, Lecture.objects.count()) == (200, 0)
    page = first.content.decode()
    assert page.index('name="listed"') < page.index("上面列出的 4 个日期")
    assert [one.at for one in first.context["form"].dates] == [tomorrow_at(10) + each * WEEK for each in range(4)]
    dates = dates_on(first)
    second = office.post(ADD, {**form, **agreed(first), "listed": dates, "dates": [*dates[:2], dates[3]]}, follow=True)
    assert "已安排 3 场" in said(second)
    found = series()
    assert [one.occasion.starts_at for one in found] == [tomorrow_at(10) + each * WEEK for each in (0, 1, 3)]
    assert {one.series_id for one in found} == {LectureSeries.objects.get().pk}
    assert str(found[0].series) == "每周"
    assert ModelLogEntry.objects.filter(action="live.plan").count() == 3
    assert "每周" in office.get("/admin/live/schedule/").content.decode()


def test_a_date_that_clashes_says_so_beside_it(world: County, office: Client) -> None:
    other = make_lecture(world, starts_at=tomorrow_at(10) + WEEK)
    Occasion.objects.filter(pk=other.pk).update(title="早有安排")
    rows = office.post(ADD, values(world)).context["form"].dates
    assert ["早有安排" in "".join(one.notes) for one in rows] == [False, True, False, False]


def test_what_is_true_of_every_date_is_said_once(world: County, office: Client) -> None:
    draft = TrainingFactory(
        node=world.county, starts_date=timezone.localdate(), deadline_at=timezone.now() + 900 * DAY, state="draft"
    )
    form = office.post(ADD, values(world, training=draft.pk)).context["form"]
    assert "".join(form.effects).count("还是草稿") == 1
    assert not any(one.notes for one in form.dates)


def test_dates_that_are_past_are_shown_and_never_planned(world: County, office: Client) -> None:
    past = timezone.localtime().replace(hour=10, minute=0, second=0, microsecond=0) - 8 * DAY
    form = values(world, starts_at=at_minute(past), times=3)
    first = office.post(ADD, form)
    rows = first.context["form"].dates
    assert [bool(one.refused) for one in rows] == [True, True, False]
    dates = dates_on(first)
    office.post(ADD, {**form, **agreed(first), "listed": dates, "dates": dates})
    assert [one.occasion.starts_at for one in series()] == [past + 2 * WEEK]


def test_another_first_date_is_shown_anew_before_it_is_planned(world: County, office: Client) -> None:
    form = values(world)
    first = office.post(ADD, form)
    moved = {**form, "starts_at": at_minute(tomorrow_at(11)), **agreed(first), "listed": dates_on(first)}
    second = office.post(ADD, {**moved, "dates": dates_on(first)})
    assert (second.status_code, Lecture.objects.count()) == (200, 0)
    assert all(one.is_kept for one in second.context["form"].dates)


def test_what_was_left_out_stays_so_over_another_mistake(world: County, office: Client) -> None:
    form = values(world)
    dates = dates_on(office.post(ADD, form))
    wrong = office.post(ADD, {**form, "title": "", "listed": dates, "dates": dates[:1]})
    assert list(wrong.context["form"].errors) == ["title"]
    assert dates_on(wrong) == dates
    again = office.post(ADD, {**form, "listed": dates_on(wrong), "dates": dates[:1]})
    assert [one.is_kept for one in again.context["form"].dates] == [True, False, False, False]


def test_nothing_left_is_said_where_it_was_chosen(world: County, office: Client) -> None:
    form = values(world)
    first = office.post(ADD, form)
    answer = office.post(ADD, {**form, **agreed(first), "listed": dates_on(first)})
    assert list(answer.context["form"].errors) == ["__all__", "repeats"]
    assert answer.content.decode().count("一个日期也没有留下") == 2  # on top, too
    assert len(answer.context["form"].dates) == 4
    assert not Lecture.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"times": ""}, "times"),
        ({"times": "1"}, "times"),
        ({"times": "53"}, "times"),
        ({"times": "9" * 30}, "times"),
        ({"until": "2099-01-01"}, "times"),
        ({"times": "", "until": "2099-01-01"}, "until"),
        ({"times": "", "until": "2026-02-30"}, "until"),
        ({"times": "", "until": "2001-01-01"}, "until"),
        ({"repeats": "year"}, "repeats"),
        ({"repeats": ""}, "repeats"),
        ({"repeats": "", "times": "", "until": "2099-01-01"}, "repeats"),
        ({"starts_at": ""}, "starts_at"),
        ({"minutes": ""}, "minutes"),
    ],
)
def test_a_mistake_names_its_field(world: County, office: Client, change: dict[str, Any], field: str) -> None:
    answer = office.post(ADD, values(world, title="写了很久", **change))
    assert list(answer.context["form"].errors) == [field]
    assert "写了很久" in answer.content.decode()
    assert not Lecture.objects.exists()


def test_months_without_that_day_are_told(world: County, office: Client) -> None:
    year = timezone.localdate().year + 1
    answer = office.post(ADD, values(world, starts_at=f"{year}-01-31 10:00", repeats="month_day", times=2))
    assert f"没有这一天，不安排：{year}-02" in "".join(answer.context["form"].effects)


def test_a_whole_year_of_weeks_asks_the_database_no_more_for_each(
    world: County, office: Client, django_assert_max_num_queries: Any
) -> None:
    form = values(world, times="52")
    with django_assert_max_num_queries(60):
        assert len(dates_on(office.post(ADD, form))) == 52


def test_the_same_series_twice_is_one(world: County, office: Client) -> None:
    first = planned(office, world)
    plans = [plan_of(one) for one in first]
    now = timezone.now()
    with pytest.raises(operations.UnableToScheduleLecture, match="已经安排过") as error:
        schedule_lectures(plans=plans[1:], as_of=now, actor_id=world.organiser.pk)
    assert (error.value.field, error.value.number, Lecture.objects.count()) == ("starts_at", 0, 4)


def test_a_plan_that_cannot_stand_is_named_and_none_is_planned(world: County, office: Client) -> None:
    one = plan_of(planned(office, world)[0])
    good = {**vars(one), "title": "另一课"}
    bad = {**good, "ends_at": one.starts_at}
    plans = [operations.LecturePlan(**good), operations.LecturePlan(**bad)]
    with pytest.raises(operations.UnableToScheduleLecture) as error:
        schedule_lectures(plans=plans, as_of=timezone.now(), actor_id=world.organiser.pk)
    assert (error.value.field, error.value.number, Lecture.objects.count()) == ("ends_at", 1, 4)


def test_a_series_that_somebody_else_planned_meanwhile_is_refused_in_words(world: County, office: Client) -> None:
    form = values(world)
    first = office.post(ADD, form)
    dates = dates_on(first)
    taken = make_lecture(world, starts_at=tomorrow_at(10))
    Lecture.objects.filter(pk=taken.pk).update(lecturer=RoleGrantFactory(role=Role.LECTURER).user)
    Occasion.objects.filter(pk=taken.pk).update(training=form["training"], title="每周一课")
    answer = office.post(ADD, {**form, **agreed(first), "listed": dates, "dates": dates})
    assert "已经安排过" in str(answer.context["form"].errors["starts_at"])
    assert Lecture.objects.count() == 1


def test_in_the_place_of_one_there_is_no_series(world: County, office: Client) -> None:
    lecture = make_lecture(world)
    Occasion.objects.filter(pk=lecture.pk).update(state="not_held")
    now = timezone.now()
    Lecture.objects.filter(pk=lecture.pk).update(state="unrecorded", live_at=now, ended_at=now)
    answer = office.get(f"{ADD}?again={lecture.pk}")
    assert "repeats" not in answer.context["form"].fields


# --- changed ----------------------------------------------------------------------------------------------------------


def edit_url(lecture: Lecture) -> str:
    return reverse("live_schedule_edit", args=[lecture.pk])


def filled(office: Client, lecture: Lecture, **changes: Any) -> dict[str, Any]:
    """What the page of a lecture would send, with changes."""
    form = office.get(edit_url(lecture)).context["form"]
    stored = {**form.initial, "starts_at": at_minute(lecture.occasion.starts_at), "record": "on", "reach": "one"}
    return {**stored, **changes}


def changed(office: Client, lecture: Lecture, **changes: Any) -> list[str]:
    """Change a lecture as an organiser does; return what was asked."""
    form = filled(office, lecture, **changes)
    first = office.post(edit_url(lecture), form)
    if first.status_code == 302:
        return []
    effects = list(first.context["form"].effects)
    assert office.post(edit_url(lecture), {**form, **agreed(first)}).status_code == 302
    return effects


def test_one_of_a_series_is_changed_alone(world: County, office: Client) -> None:
    lectures = planned(office, world)
    page = office.get(edit_url(lectures[1])).content.decode()
    assert "这是“每周”重复的一场，后面还有 2 场" in page
    assert changed(office, lectures[1], title="这一场讲别的")
    assert [one.occasion.title for one in series()] == ["每周一课", "这一场讲别的", "每周一课", "每周一课"]


def test_this_and_what_follows_move_by_as_much_and_keep_what_is_their_own(world: County, office: Client) -> None:
    lectures = planned(office, world)
    changed(office, lectures[2], title="只有这一场叫这个")
    later = lectures[1].occasion.starts_at + DAY + HOUR
    asked = "".join(changed(office, lectures[1], starts_at=at_minute(later), minutes=90, reach="following"))
    assert "后面的 2 场也这样改" in asked
    assert "时间重叠" not in asked
    found = series()
    assert [one.occasion.starts_at - lectures[n].occasion.starts_at for n, one in enumerate(found)] == [
        dt.timedelta(), DAY + HOUR, DAY + HOUR, DAY + HOUR,
    ]  # fmt: skip
    assert [round((one.occasion.ends_at - one.occasion.starts_at) / HOUR * 60) for one in found] == [60, 90, 90, 90]
    assert found[2].occasion.title == "只有这一场叫这个"


def test_moved_by_a_week_a_series_does_not_clash_with_itself_but_with_others(world: County, office: Client) -> None:
    lectures = planned(office, world)
    other = make_lecture(world, starts_at=lectures[3].occasion.starts_at + WEEK)
    Occasion.objects.filter(pk=other.pk).update(title="早有安排")
    later = at_minute(lectures[1].occasion.starts_at + WEEK)
    asked = changed(office, lectures[1], starts_at=later, reach="following")
    assert sum("时间重叠" in one for one in asked) == 1
    assert "早有安排" in "".join(asked)


def test_what_all_that_follow_have_in_common_is_said_once(world: County, office: Client) -> None:
    lectures = planned(office, world)
    draft = TrainingFactory(node=world.county, starts_date=timezone.localdate(), state="draft")
    asked = changed(office, lectures[0], training=draft.pk, reach="following")
    assert "".join(asked).count("还是草稿") == 1
    assert {one.occasion.training_id for one in series()} == {draft.pk}


def test_following_with_nothing_changed_changes_nothing(world: County, office: Client) -> None:
    lectures = planned(office, world)
    before = ModelLogEntry.objects.count()
    assert changed(office, lectures[0], reach="following") == []
    assert ModelLogEntry.objects.count() == before


def test_a_mistake_says_which_and_changes_none(world: County, office: Client) -> None:
    lectures = planned(office, world)
    refused = office.post(edit_url(lectures[1]), filled(office, lectures[1], title="", reach="following"))
    assert list(refused.context["form"].errors) == ["title"]
    assert refused.context["form"]["reach"].value() == "following"
    unknown = office.post(edit_url(lectures[1]), filled(office, lectures[1], reach="all"))
    assert list(unknown.context["form"].errors) == ["reach"]


def test_one_that_cannot_change_keeps_all_as_they_are(world: County, office: Client) -> None:
    lectures = planned(office, world)
    changed(office, lectures[2], node=world.neighbour.pk)
    narrow = TrainingFactory(node=world.branch, starts_date=timezone.localdate())
    form = filled(office, lectures[1], training=narrow.pk, title="只给这个支部", reach="following")
    answer = office.post(edit_url(lectures[1]), {**form, **agreed(office.post(edit_url(lectures[1]), form))})
    assert "的一场改不了：参加范围" in str(answer.context["form"].errors["node"])
    assert {one.occasion.title for one in series()} == {"每周一课"}


# --- cancelled --------------------------------------------------------------------------------------------------------


def cancel_url(lecture: Lecture) -> str:
    return reverse("live_schedule_cancel", args=[lecture.pk])


def test_one_is_cancelled_alone_and_the_rest_stands(world: County, office: Client) -> None:
    lectures = planned(office, world)
    page = office.get(cancel_url(lectures[1]))
    assert "后面还有 2 场" in page.content.decode()
    assert office.post(cancel_url(lectures[1]), {"reach": "one"}, follow=True).status_code == 200
    assert [one.pk for one in series()] == [lectures[0].pk, lectures[2].pk, lectures[3].pk]


def test_from_the_middle_on_all_are_cancelled_at_once(world: County, office: Client) -> None:
    lectures = planned(office, world)
    assert office.post(cancel_url(lectures[1]), {}).status_code == 200  # which ones?
    assert len(series()) == 4
    assert "已取消 3 场" in said(office.post(cancel_url(lectures[1]), {"reach": "following"}, follow=True))
    assert [one.pk for one in series()] == [lectures[0].pk]
    assert ModelLogEntry.objects.filter(action="live.cancel").count() == 3
    page = office.get(edit_url(lectures[0]))
    assert "后面没有了" in page.content.decode()
    assert "reach" not in page.context["form"].fields
    assert "已由" in said(office.get(edit_url(lectures[2]), follow=True))


def test_what_has_begun_is_not_cancelled_with_the_rest(world: County, office: Client) -> None:
    lectures = planned(office, world)
    go_live(occasion_id=lectures[1].pk, as_of=lectures[1].occasion.starts_at)
    assert cancel_following(occasion_id=lectures[0].pk, as_of=timezone.now(), actor_id=world.organiser.pk) == 3
    assert [one.pk for one in series()] == [lectures[1].pk]
    for begun in (lectures[1].pk, 2**40):
        with pytest.raises(operations.UnableToCancelLecture):
            cancel_following(occasion_id=begun, as_of=timezone.now(), actor_id=world.organiser.pk)
    assert not following(make_lecture(world), user=world.organiser).exists()


def test_a_neighbour_finds_no_series(world: County, office: Client) -> None:
    lectures = planned(office, world)
    office.force_login(RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user)
    for url in (edit_url(lectures[1]), cancel_url(lectures[1])):
        assert office.get(url).status_code == 404
        assert office.post(url, {"reach": "following"}).status_code == 404
    assert len(series()) == 4


def moved_next_door(office: Client, world: County, *numbers: int) -> list[Lecture]:
    """Plan a series for a unit, of which a county's organiser then moves some to the neighbour's; return it.

    From here on the office is that of an organiser of the one unit.
    """
    lectures = planned(office, world)
    for number in numbers:
        changed(office, lectures[number], node=world.neighbour.pk)
    office.force_login(RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user)
    return series()


def test_what_was_moved_to_another_unit_is_not_cancelled_with_the_rest(world: County, office: Client) -> None:
    lectures = moved_next_door(office, world, 2)
    assert office.get(edit_url(lectures[2])).status_code == 404
    page = office.get(cancel_url(lectures[0])).content.decode()
    assert "后面还有 2 场" in page
    assert "后面另有 1 场现在属于别的组织" in page
    assert "已取消 3 场" in said(office.post(cancel_url(lectures[0]), {"reach": "following"}, follow=True))
    assert [one.pk for one in series()] == [lectures[2].pk]


def test_what_was_moved_to_another_unit_does_not_change_with_the_rest(world: County, office: Client) -> None:
    lectures = moved_next_door(office, world, 2)
    assert "后面另有 1 场" in office.get(edit_url(lectures[0])).content.decode()
    actor, plan = RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user, plan_of(lectures[0])
    renamed = operations.LecturePlan(**{**vars(plan), "title": "改名"})
    now = timezone.now()
    assert operations.reschedule_following(occasion_id=lectures[0].pk, plan=renamed, as_of=now, actor_id=actor.pk) == 3
    assert [one.occasion.title for one in series()] == ["改名", "改名", "每周一课", "改名"]
    assert following_elsewhere(lectures[0], user=actor) == 1


def test_where_all_that_follows_is_another_unit_s_there_is_nothing_to_choose(world: County, office: Client) -> None:
    lectures = moved_next_door(office, world, 3)
    page = office.get(edit_url(lectures[2]))
    assert "重复的一场。后面另有 1 场" in page.content.decode()
    assert "reach" not in page.context["form"].fields
