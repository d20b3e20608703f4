"""The demo's training with all that making up may ask and give: a check of understanding, a further session, a
certificate."""

from datetime import datetime, timedelta
from pathlib import Path

from attendance.core.check import Draft, Kind
from attendance.models import Rule, Training
from attendance.operations.checks import CheckPlan, save_check
from certificates.operations import Wording, switch, write_setting
from config.demo.trainings import Cast, seed_finished_lecture, training
from live.operations import LecturePlan, repeat_lecture

LECTURE, TRAINING = "陌生来电怎么办", "防范手机诈骗专题培训"
DAY = timedelta(days=1)
QUESTIONS = (
    Draft(
        Kind.SINGLE, "有人来电，说您的账户有问题，让您报验证码。怎么办？",
        ("先挂断，再核实", "把验证码告诉他", "照他说的转账"), frozenset({0}),
        "验证码就是钥匙：银行和警察都不会来要，问您要的就是骗子。",
    ),
    Draft(
        Kind.SEVERAL, "已经转了钱，马上打哪些电话？",
        ("银行的电话", "110 或 96110", "骗子留下的电话"), frozenset({0, 1}),
        "越快越好，还要留好聊天和转账记录。",
    ),
    Draft(Kind.TRUE_FALSE, "对方挂断以前，我不能先挂。", ("true", "false"), frozenset({1}), "不认识的电话，先挂断。"),
)  # fmt: skip


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
    occasion_id = seed_finished_lecture(cast, plan, rule, LECTURE, evening - 4 * DAY, source)
    check = CheckPlan(questions=QUESTIONS, need=2, pause_s=300)
    save_check(occasion_id=occasion_id, plan=check, seen_version=0, written_by_id=cast.organiser.pk, as_of=now)
    again = LecturePlan(
        training_id=plan.pk, title=f"{LECTURE}（再讲一场）", node_id=cast.county.pk, starts_at=evening + 3 * DAY,
        ends_at=evening + 3 * DAY + timedelta(minutes=30), lecturer_id=cast.lecturer.pk, rule_id=rule.pk,
    )  # fmt: skip
    repeat_lecture(occasion_id=occasion_id, plan=again, actor_id=cast.organiser.pk, as_of=now)
    give_certificates(cast, plan, as_of=now)


def give_certificates(cast: Cast, given: Training, *, as_of: datetime) -> None:
    """Switch the certificates of a training on; who has finished a closed one gets theirs by itself."""
    wording = Wording(
        title="结业证书", text="完成了全部学习内容，特发此证。", issuer_id=cast.county.pk,
        counts_excused=False, counts_exempt=True,
    )  # fmt: skip
    write_setting(training_id=given.pk, wording=wording, actor_id=cast.organiser.pk, as_of=as_of)
    switch(training_id=given.pk, on=True, actor_id=cast.organiser.pk, as_of=as_of)
