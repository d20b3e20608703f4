# Read by ``manage.py shell`` in the rehearsal: what an organiser and a lecturer do on pages, by the same operations: a
# training, a lecture of 20 seconds that nobody joins. The judging is left to the worker that the installation started.
import sys
import time
from datetime import timedelta

from django.utils import timezone

from attendance.models import Occasion, Rule, Training
from attendance.operations import close_occasion, open_occasion
from live.operations import LecturePlan, schedule_lecture
from organizations.models import Node, User

now = timezone.now()
root = Node.get_first_root_node()
training = Training.objects.create(
    title="第一次培训", node=root, starts_date=now.date(), deadline_at=now + timedelta(days=30), state="published"
)
plan = LecturePlan(
    training_id=training.pk,
    title="第一课",
    node_id=root.pk,
    starts_at=now + timedelta(seconds=1),
    ends_at=now + timedelta(seconds=21),
    lecturer_id=User.objects.get(name="赵四").pk,
    rule_id=Rule.objects.create(name="直播课", version=1, min_share=0.8, make_up_days=14, hours=1).pk,
)
lecture = schedule_lecture(plan=plan, as_of=now)
open_occasion(occasion_id=lecture.pk, as_of=now)
time.sleep(22)
close_occasion(occasion_id=lecture.pk, as_of=timezone.now())
for _second in range(120):
    if Occasion.objects.get(pk=lecture.pk).state == Occasion.State.SETTLED:
        break
    time.sleep(1)
sys.stdout.write(f"培训 {training.pk}，场次 {lecture.pk}：{Occasion.objects.get(pk=lecture.pk).get_state_display()}\n")
