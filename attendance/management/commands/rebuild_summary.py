"""``manage.py rebuild_summary [--check] [--occasion ID]``: count the ledger's numbers again, or only compare them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from attendance.models import Occasion
from attendance.operations import differences, rebuild_occasion
from attendance.queries.listing import being_listed


class Command(BaseCommand):
    help = "统计数字：按名单和认定结果重新统计各级人数；--check 只核对，不改动，有差异时退出码为 1。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="只核对，不改动")
        parser.add_argument("--occasion", type=int, help="只统计这一场（编号）")

    def handle(self, *, check: bool, occasion: int | None, **options: Any) -> None:
        opened = Occasion.objects.exclude(opened_at=None).exclude(pk__in=being_listed().values("pk"))
        found = opened if occasion is None else opened.filter(pk=occasion)
        ids = list(found.order_by("pk").values_list("pk", flat=True))
        if occasion is not None and not ids:
            raise CommandError(f"没有这一场，或者还没有开始，或者名单正在整理：{occasion}")
        work = self._compare if check else self._rebuild
        wrong = sum(work(one) for one in ids)
        self.stdout.write(f"共 {len(ids)} 场，{'有差异' if check else '改正了'} {wrong} 处。")
        if check and wrong:
            raise CommandError("统计数字和认定结果不一致。请运行 manage.py rebuild_summary 改正。", returncode=1)

    def _compare(self, occasion_id: int) -> int:
        found = differences(occasion_id=occasion_id)
        for one in found:
            self.stdout.write(str(one))
        return len(found)

    def _rebuild(self, occasion_id: int) -> int:
        changed = rebuild_occasion(occasion_id=occasion_id)
        if changed:
            self.stdout.write(f"occasion {occasion_id}: {changed}")
        return changed
