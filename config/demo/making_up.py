"""The demo's training with all that making up may ask and give: a check of understanding, a further session, a
certificate."""

from datetime import datetime, timedelta
from pathlib import Path

from attendance.models import Check, Occasion, Rule, Training
from attendance.operations import report_watched, start_watch
from attendance.operations.checks import CheckPlan, answer_question, save_check
from attendance.queries.checks import order_for
from certificates.operations import Wording, switch, write_setting
from config.demo.questions import LECTURE, QUESTIONS, TRAINING
from config.demo.trainings import Cast, seed_finished_lecture, training
from live.operations import LecturePlan, repeat_lecture

DAY = timedelta(days=1)


def seed_making_up(cast: Cast, source: Path, now: datetime) -> None:
    """Give a lecture that some missed, with questions for who watches the replay, and plan it once more."""
    rule = Rule.objects.create(
        node=cast.county, name="直播课规则（补学做小测）", version=1, min_share=0.8, make_up_days=14, hours=1,
        asks_check=True,
    )  # fmt: skip
    evening = now.replace(hour=11, minute=30, second=0, microsecond=0)  # 19:30 in Shanghai
    plan = training(
        cast, TRAINING, "看回放补学的，还要答对三道题中的两道；完成的发证书。",
        now - 6 * DAY, now + 35 * DAY, Training.State.PUBLISHED, hours=1,
    )  # fmt: skip
    occasion_id = seed_finished_lecture(cast, plan, rule, LECTURE, evening - 4 * DAY, source, absent=3)
    check = CheckPlan(questions=QUESTIONS, need=2, pause_s=300)
    asked = save_check(
        occasion_id=occasion_id, plan=check, seen_version=0, written_by_id=cast.organiser.pk, as_of=now - 2 * DAY
    )
    again = LecturePlan(
        training_id=plan.pk, title=f"{LECTURE}（再讲一场）", node_id=cast.county.pk, starts_at=evening + 3 * DAY,
        ends_at=evening + 3 * DAY + timedelta(minutes=30), lecturer_id=cast.lecturer.pk, rule_id=rule.pk,
    )  # fmt: skip
    repeat_lecture(occasion_id=occasion_id, plan=again, actor_id=cast.organiser.pk, as_of=now)
    give_certificates(cast, plan, as_of=now)
    watched, failed = list(Occasion.objects.get(pk=occasion_id).roster.order_by("member_id")[1:3])
    for entry in (watched, failed):
        _watch(occasion_id, entry.member_id, as_of=now - DAY)
    _answer_wrongly(asked, failed.member_id, as_of=now - DAY / 2)


def _watch(occasion_id: int, member_id: int, *, as_of: datetime) -> None:
    """Let somebody watch the whole replay, in the time that it takes."""
    began = start_watch(occasion_id=occasion_id, member_id=member_id, device="demo", media="replay", as_of=as_of)
    length = began.total_ms
    report_watched(
        session_id=began.session_id, member_id=member_id, client_id=f"demo-{member_id}", ranges_ms=[(0, length)],
        rate=1.0, position_ms=length, as_of=as_of + timedelta(milliseconds=length),
    )  # fmt: skip


def _answer_wrongly(asked: Check, member_id: int, *, as_of: datetime) -> None:
    """Let somebody answer all but one question wrongly."""
    for question in asked.questions.all():
        order = order_for(question, member_id=member_id)
        is_wrong = question.number != 1
        shown = [at for at, place in enumerate(order) if (place in question.right) is not is_wrong]
        answer_question(
            occasion_id=asked.occasion_id, member_id=member_id, check_id=asked.pk, attempt=1, question_id=question.pk,
            shown=shown, client_id=f"demo-{question.pk}", as_of=as_of + timedelta(minutes=question.number),
        )  # fmt: skip


def give_certificates(cast: Cast, given: Training, *, as_of: datetime) -> None:
    """Switch the certificates of a training on; who has finished a closed one gets theirs by itself."""
    wording = Wording(
        title="结业证书", text="完成了全部学习内容，特发此证。", issuer_id=cast.county.pk,
        counts_excused=False, counts_exempt=True,
    )  # fmt: skip
    write_setting(training_id=given.pk, wording=wording, actor_id=cast.organiser.pk, as_of=as_of)
    switch(training_id=given.pk, on=True, actor_id=cast.organiser.pk, as_of=as_of)
