"""``manage.py move_storage --to s3://bucket``: the site's files from STORAGE_OLD_URL to STORAGE_URL, while it runs."""

import signal
import sys
import threading
import time
from argparse import ArgumentParser
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from media import sides, storage
from media.sentences import storage_words
from media.sides import moving

SAID_EVERY_S = 2.0
NAMED = 20


class Command(BaseCommand):
    help = "Move the site's files. Ctrl-C stops it; run it again to go on. Exit status 1 where something is left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", default="", help="where to, as a check: s3://bucket or file:///folder")
        parser.add_argument("--dry-run", action="store_true", help="count only")

    def handle(self, *args: Any, to: str, dry_run: bool, **options: Any) -> None:
        before, now = _both(to)
        _require_no_links(before, now)
        try:
            files, size = moving.count(before)
        except storage.UnableToReach as error:
            raise CommandError(storage_words(error)) from error
        said = {"files": files, "size": filesizeformat(size), "before": before, "now": now}
        self.stdout.write(_("%(before)s 里还有 %(files)s 个文件，%(size)s，要搬到 %(now)s。") % said)
        if dry_run:
            return
        progress = self._move(before, now, moving.Progress(files, size))
        if progress.left:
            for key, why in progress.left[:NAMED]:
                self.stderr.write(f"{key}: {why}")
            raise CommandError(
                _("有 %(count)s 个文件没有搬成，还在原来的地方，照样能用。请看上面的原因，再运行一次。")
                % {"count": len(progress.left)}
            )
        moving.tidy(before)
        self.stdout.write(_("搬完了。请从设置里去掉 STORAGE_OLD_URL（和它的密钥），再重新启动。"))

    def _move(self, before: sides.Side, now: sides.Side, progress: moving.Progress) -> moving.Progress:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        scratch = Path(settings.MEDIA_ROOT) / ".work"
        scratch.mkdir(parents=True, exist_ok=True)
        said_at = time.monotonic()

        def on_file(so_far: moving.Progress) -> None:
            nonlocal said_at
            if time.monotonic() - said_at >= SAID_EVERY_S:
                said_at = time.monotonic()
                self._say(so_far)

        try:
            moving.move(before, now, scratch=scratch, progress=progress, on_file=on_file, stop=stop)
        except moving.Stopped:
            self._say(progress)
            self.stdout.write(_("停下了。搬过的不用再搬，网站照常能用；再运行一次就接着搬。"))
            sys.exit(1)
        except storage.UnableToStore as error:
            self._say(progress)
            raise CommandError(
                _("%(now)s 满了。搬过的不用再搬，没有丢东西；扩容以后再运行一次。") % {"now": now}
            ) from error
        except storage.UnableToReach as error:
            self._say(progress)
            raise CommandError(storage_words(error) + _("搬过的不用再搬，没有丢东西；修好以后再运行一次。")) from error
        self._say(progress)
        return progress

    def _say(self, progress: moving.Progress) -> None:
        size = max(progress.of_bytes, progress.bytes)
        self.stdout.write(
            _("搬了 %(files)s / %(of)s 个文件，%(size)s / %(of_size)s（%(percent)s%%）")
            % {
                "files": progress.files,
                "of": max(progress.of_files, progress.files),
                "size": filesizeformat(progress.bytes),
                "of_size": filesizeformat(size),
                "percent": 100 * progress.bytes // size if size else 100,
            }
        )
        self.stdout.flush()


def _require_no_links(*both: sides.Side) -> None:
    """What a link leads to would stay where it is, unmoved and unsaid. Raises CommandError."""
    for side in both:
        links = list(islice(side.links(), NAMED)) if isinstance(side, sides.Disk) else []
        if links:
            raise CommandError(
                _(
                    "%(side)s 里有链接，链接指向的文件搬不了，所以什么也没有搬：%(names)s。请停下网站，"
                    "把它们换成真的文件夹和文件（另一块磁盘可以用 mount --bind 挂到这里），再运行一次。"
                )
                % {"side": side, "names": "、".join(links)}
            )


def _both(to: str) -> tuple[sides.Side, sides.Side]:
    """Raises CommandError where the settings do not say both, or not this."""
    if settings.STORAGE.before is None:
        raise CommandError(
            _(
                "先在设置里写好两个地方：STORAGE_URL 写新的，STORAGE_OLD_URL 写现在的（磁盘写 file://%(folder)s），重新启动网站，再运行这个命令。"
            )
            % {"folder": settings.MEDIA_ROOT}
        )
    now, before = sides.sides()
    wanted = to.partition("?")[0].rstrip("/")
    if wanted and wanted != str(now):
        raise CommandError(
            _("--to 写的是 %(to)s，设置里 STORAGE_URL 是 %(now)s，请核对。") % {"to": wanted, "now": now}
        )
    return before, now
