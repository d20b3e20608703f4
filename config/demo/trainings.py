"""The demo's trainings: one finished, one running, one coming; evidence through the ledger's own verbs."""

import random
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from attendance.models import Occasion, Rule, Training
from attendance.operations import (
    End,
    Gives,
    HoursPlan,
    Join,
    approve_leave,
    close_presences,
    end_lease,
    open_presences,
    record_hall,
    save_hours_table,
    settle,
    start_lease,
)
from cms.models import CoursePage
from config.demo.slides import WITH_PARENT
from courses.operations import CoursePlan, schedule_course
from live.operations import LecturePlan, end_lecture, finish_recording, go_live, schedule_lecture
from media.ffmpeg import probe
from organizations.models import Node, User


@dataclass(frozen=True)
class Cast:
    """Whom the demo's trainings are about."""

    county: Node
    organiser: User
    lecturer: User
    secretary: User


def rules(county: Node) -> tuple[Rule, Rule]:
    """Return the county's rule for lectures and its rule for courses."""
    lecture = Rule.objects.create(
        node=county, name="直播课通用规则", version=1, min_share=0.8, make_up_days=14, hours=1
    )
    course = Rule.objects.create(
        node=county, name="课程通用规则", version=1, basis=Rule.Basis.MEDIA, min_share=0.8, make_up_days=14, hours=1
    )
    return lecture, course


def hours(county: Node, *, as_of: datetime) -> None:
    """Give the county an hours table as an example to change: what a year asks of whom, what each form gives."""
    plan = HoursPlan(
        node_id=county.pk, year=as_of.year, owed={"member": Decimal(32), "secretary": Decimal(56)},
        gives={
            "live": Gives(Decimal(1)), "course": Gives(Decimal(1), minutes=45), "gathering": Gives(Decimal(1)),
            "hall": Gives(Decimal(1)), "visit": Gives(Decimal(1)), "declared": Gives(Decimal(1), cap=Decimal(8)),
        },
        # The demo's people join on the day it is made: by the month they would owe next to nothing.
        by_month=False, note="示例，请按本地要求修改",
    )  # fmt: skip
    save_hours_table(plan=plan, seen_version=0, made_by_id=None, as_of=as_of)


def training(
    cast: Cast, title: str, summary: str, starts_at: datetime, deadline_at: datetime, state: str, *, hours: int = 2
) -> Training:
    return Training.objects.create(
        title=title, summary=summary, node=cast.county, starts_date=starts_at.date(), deadline_at=deadline_at,
        hours_required=hours, state=state,
    )  # fmt: skip


def seed_evidence(cast: Cast, occasion: Occasion, seed: int, *, absent: int) -> None:
    """Let the county take part in a finished lecture as people do: most to the end, some late, some not at all; of the
    demo's first accounts ``absent``."""
    chance = random.Random(seed)
    start, length = occasion.starts_at, occasion.ends_at - occasion.starts_at
    lease = start_lease(name=f"demo-{occasion.pk}", as_of=start)
    joins, ends = [], []
    members = list(occasion.roster.filter(state="expected").order_by("member_id").values_list("member_id", flat=True))
    hall, leave, present = members[10:22], members[22:25], members[absent:10] + members[25:]
    for member_id in present:
        luck = chance.random() if member_id != members[0] else 0.5
        if luck < 0.14:
            continue
        begin, end = 0.0, 1.0
        if luck < 0.22:
            end = chance.uniform(0.2, 0.6)
        elif luck < 0.30:
            begin = chance.uniform(0.02, 0.12)
        spans = [(begin, end, "p1")]
        if luck > 0.94:
            spans = [(begin, 0.6, "p1"), (0.4, end, "p2")]
        for first, last, device in spans:
            joins.append(Join(occasion.pk, member_id, device, lease, start + first * length))
            ends.append((start + last * length, "silent" if last < 0.9 else "left"))
    ids = open_presences(joins=joins)
    close_presences(ends=[End(key, at, reason) for key, (at, reason) in zip(ids, ends, strict=True)])
    end_lease(lease_id=lease, as_of=occasion.ends_at)
    secretary = cast.secretary.pk
    record_hall(
        occasion_id=occasion.pk, member_ids=hall, started_at=start, ended_at=occasion.ends_at,
        recorded_by_id=secretary, as_of=occasion.ends_at,
    )  # fmt: skip
    for member_id in leave:
        approve_leave(
            occasion_id=occasion.pk, member_id=member_id, category="work", recorded_by_id=secretary, as_of=start
        )


def hls_copy(source: Path) -> Path:
    """Return a folder with ``master.m3u8`` made from a phone-friendly video without encoding it again."""
    folder = Path(tempfile.mkdtemp(prefix="classroom-demo-"))
    argv = [
        *WITH_PARENT,
        "ffmpeg",
        "-nostdin",
        "-loglevel",
        "error",
        "-i",
        str(source),
        "-c",
        "copy",
        "-f",
        "hls",
        "-hls_time",
        "4",
    ]
    argv += [
        "-hls_playlist_type",
        "vod",
        "-hls_segment_type",
        "fmp4",
        "-hls_segment_filename",
        str(folder / "s%05d.m4s"),
    ]
    subprocess.run([*argv, str(folder / "video.m3u8")], check=True, timeout=120)  # noqa: S603 - our own generated file
    lines = ["#EXTM3U", "#EXT-X-VERSION:7"]
    lines += ['#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=1280x720,CODECS="avc1.42c01f,mp4a.40.2"', "video.m3u8"]
    (folder / "master.m3u8").write_text("\n".join(lines) + "\n")
    return folder


def seed_finished_lecture(
    cast: Cast, plan: Training, rule: Rule, title: str, starts_at: datetime, source: Path, *, absent: int
) -> int:
    """Give a lecture in the past, as long as its recording, and let everything follow from it; return its id."""
    duration_ms = round(float(probe(source)["format"]["duration"]) * 1000)
    ends_at = starts_at + timedelta(milliseconds=duration_ms)
    lecture_plan = LecturePlan(
        training_id=plan.pk, title=title, node_id=cast.county.pk, starts_at=starts_at, ends_at=ends_at,
        lecturer_id=cast.lecturer.pk, rule_id=rule.pk,
    )  # fmt: skip
    lecture = schedule_lecture(plan=lecture_plan, as_of=starts_at - timedelta(days=3))
    go_live(occasion_id=lecture.pk, as_of=starts_at)
    occasion = Occasion.objects.get(pk=lecture.pk)
    seed_evidence(cast, occasion, seed=occasion.pk, absent=absent)
    end_lecture(occasion_id=lecture.pk, as_of=ends_at)
    settle(occasion_id=lecture.pk, as_of=ends_at + timedelta(minutes=1))
    finish_recording(
        occasion_id=lecture.pk, folder=hls_copy(source), duration_ms=duration_ms, started_at=starts_at,
        width=1280, height=720, as_of=ends_at + timedelta(minutes=2),
    )  # fmt: skip
    return lecture.pk


def seed_trainings(cast: Cast, courses: dict[str, CoursePage], recording: Path, now: datetime) -> Training:
    """Create the three trainings with their occasions; return the one that is over."""
    by_lecture, by_course = rules(cast.county)
    hours(cast.county, as_of=now)
    evening = now.replace(hour=11, minute=30, second=0, microsecond=0)  # 19:30 in Shanghai
    day = timedelta(days=1)
    published = Training.State.PUBLISHED

    past = training(cast, "上半年应急避险培训", "已经结束的培训。", now - 60 * day, now - 20 * day, published, hours=1)
    seed_finished_lecture(cast, past, by_lecture, "急救常识（上半年）", evening - 45 * day, recording, absent=0)
    past.state = Training.State.CLOSED
    past.save(update_fields=["state"])

    running = training(
        cast, "2026 年下半年党员教育培训", "一次直播、一次回放、两门短课，都可以在手机上完成。",
        now - 7 * day, now + 30 * day, published,
    )  # fmt: skip
    seed_finished_lecture(cast, running, by_lecture, "急救常识五分钟", evening - 3 * day, recording, absent=1)
    begins = now.replace(second=0, microsecond=0)
    today = LecturePlan(
        training_id=running.pk, title="防汛避险：雨季前要做的六件事", node_id=cast.county.pk, starts_at=begins,
        ends_at=begins + timedelta(minutes=50), lecturer_id=cast.lecturer.pk, rule_id=by_lecture.pk,
    )  # fmt: skip
    schedule_lecture(plan=today, as_of=now)
    month = CoursePlan(
        training_id=running.pk, node_id=cast.county.pk, starts_at=now - 7 * day, ends_at=now + 30 * day,
        rule_id=by_course.pk,
    )  # fmt: skip
    for page in courses.values():
        schedule_course(page_id=page.pk, plan=month, as_of=now)

    coming = training(cast, "冬季安全培训", "下周开始。", now + 5 * day, now + 45 * day, published)
    winter = LecturePlan(
        training_id=coming.pk, title="冬季用火用电安全", node_id=cast.county.pk, starts_at=evening + 5 * day,
        ends_at=evening + 5 * day + timedelta(minutes=60), lecturer_id=cast.lecturer.pk, rule_id=by_lecture.pk,
    )  # fmt: skip
    schedule_lecture(plan=winter, as_of=now)
    return past
