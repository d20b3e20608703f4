"""The demo's meetings in person: a branch's year so far, through the verbs that its secretary uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from attendance.models import Occasion
from attendance.operations import settle
from config.demo.people import HOME, TOWNSHIPS
from config.demo.trainings import Cast
from meetings.operations import Attendance, GatheringPlan, book_mark, plan_gathering, write_attendance, write_minutes
from organizations.models import Node, Role, User
from organizations.queries import grants_above, members_at

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHAIR = "陈志远"


@dataclass(frozen=True)
class Held:
    """One meeting of the demo; ``late``: entered some days after it."""

    form: str
    title: str
    days_ago: int
    agenda: str
    studied: str = ""
    decisions: Sequence[tuple[str, str]] = ()
    late: bool = False
    named: int = 0


MEETINGS = (
    Held(
        form="assembly",
        title="支部党员大会：半年工作",
        days_ago=75,
        agenda="通报半年工作\n讨论防汛值班",
        studied="通报了上半年的工作，大家提了九条意见。",
        decisions=[
            ("防汛值班", "六月到九月，每晚两人一班，名单贴在村部。"),
            ("村部借阅角", "每周三、周六下午开放，由年轻同志轮流照看。"),
        ],
    ),
    Held(
        form="committee",
        title="支委会：安排学习",
        days_ago=40,
        agenda="排下季度的学习",
        studied="排定下季度的学习和分工。",
        decisions=[("学习分工", "每人带一组。")],
        named=3,
    ),
    Held(
        form="lesson",
        title="党课：怎样记好会议台账",
        days_ago=33,
        agenda="讲课\n提问",
        studied="讲了台账要记的六样东西，看了两本样本。",
        late=True,
    ),
    Held(
        form="theme_day",
        title="主题党日：清理排水沟",
        days_ago=12,
        agenda="清理一组到三组的排水沟\n入户看望",
        studied="清理排水沟 420 米，看望六户老人。",
        decisions=[("每月检查一次排水沟", "月底前一天，由值班的人看一遍。")],
    ),
)


def seed_meetings(cast: Cast, now: datetime) -> None:
    """Let the demo's first branch have met several times, another once, and plan one more."""
    home = _branch(cast.county, HOME)
    evening = now.replace(hour=11, minute=30, second=0, microsecond=0)  # 19:30 in Shanghai
    for number, one in enumerate(MEETINGS):
        _hold(home, cast.secretary, one, evening - one.days_ago * DAY, seed=number)
    township, names = next(iter(TOWNSHIPS.items()))
    other = _branch(cast.county, f"{township}/{names[1]}")
    secretary = grants_above(other, role=Role.SECRETARY, on_date=now.date()).first()
    if secretary is not None:
        _hold(other, secretary.user, MEETINGS[0], evening - 70 * DAY, seed=9)
    coming = GatheringPlan(
        node_id=home.pk, form_code="review", title="组织生活会", starts_at=evening + 9 * DAY,
        ends_at=evening + 9 * DAY + 2 * HOUR, place="社区二楼会议室", chair=CHAIR, recorder="王秀兰",
        agenda="学习文件\n个人发言\n互相提意见\n商量怎么改",
    )  # fmt: skip
    plan_gathering(plan=coming, actor_id=cast.secretary.pk, as_of=now)


def _branch(county: Node, place: str) -> Node:
    township, name = place.split("/")
    return county.get_descendants().get(name=name, path__startswith=county.get_children().get(name=township).path)


def _hold(node: Node, secretary: User, one: Held, start: datetime, *, seed: int) -> None:
    """Plan it, let most come, some be excused and some be absent, and write down what was said."""
    end, entered = start + 90 * timedelta(minutes=1), start + (4 * DAY if one.late else 2 * HOUR)
    people = list(members_at(node=node, on_date=start.date()).values_list("member_id", flat=True))
    named = [*[member for member in people if member != secretary.pk][: one.named - 1], secretary.pk]
    plan = GatheringPlan(
        node_id=node.pk, form_code=one.form, title=one.title, starts_at=start, ends_at=end, place="社区二楼会议室",
        chair=secretary.name, recorder="王秀兰", agenda=one.agenda, member_ids=named if one.named else None,
    )  # fmt: skip
    meeting = plan_gathering(plan=plan, actor_id=secretary.pk, as_of=entered if one.late else start - 5 * DAY)
    listed = named if one.named else people
    others = [member for member in listed if member != secretary.pk]
    away, late = set(others[seed + 2 :: 9]), set(others[seed + 4 :: 11])
    said = Attendance(
        started_at=start,
        ended_at=end,
        listed=listed,
        present={
            member: (start + 20 * timedelta(minutes=1), end) if member in late else None
            for member in listed
            if member not in away
        },
        excused={member: "work" for number, member in enumerate(sorted(away)) if number % 2},
    )
    write_attendance(occasion_id=meeting.pk, attendance=said, actor_id=secretary.pk, as_of=entered)
    if Occasion.objects.get(pk=meeting.pk).state == Occasion.State.CLOSED:
        settle(occasion_id=meeting.pk, as_of=entered)
    write_minutes(
        occasion_id=meeting.pk, studied=one.studied, decisions=one.decisions, place=plan.place, chair=plan.chair,
        recorder=plan.recorder, seen=0, seen_book=book_mark(meeting), actor_id=secretary.pk, as_of=entered,
    )  # fmt: skip
