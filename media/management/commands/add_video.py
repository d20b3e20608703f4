"""``manage.py add_video FILE``: what the upload page does, from the shell."""

import json
import shutil
import sys
import time
import uuid
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from media import storage, transcoder
from media.core.ladder import Phase
from media.core.playlists import MASTER
from media.ffmpeg import UnableToTranscode
from media.models import Job, Video
from media.operations import UnableToCreate, create_video, transcode
from media.sentences import reason
from organizations.models import Node

ASK_EVERY_S = 0.5
# Workers take a queued job at once; one that nobody takes is done here.
PATIENCE = timedelta(seconds=3)


class Command(BaseCommand):
    help = "Add a video; JSON on standard output. Exit status 1 and the reason where it is refused or fails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--title", default="", help="default: the file's name")
        parser.add_argument(
            "--unit", default="", metavar="CODE", help="the unit it belongs to; default: the operator's"
        )
        parser.add_argument(
            "--wait", action="store_true", help="until it can be played (done here if no worker takes it)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            video = add(path, title=options["title"], node=unit(options["unit"]))
        except UnableToTranscode as error:
            self.refuse(error.code)
        except (UnableToCreate, OSError):
            self.refuse("empty" if path.is_file() and path.stat().st_size == 0 else "unreadable")
        except storage.UnableToStore:
            self.refuse("disk_full")
        else:
            if options["wait"]:
                wait_for(video)
                video.refresh_from_db()
            self.stdout.write(json.dumps(summary(video), ensure_ascii=False))
            if video.state == Video.State.FAILED:
                self.fail(video.error_code)

    def refuse(self, code: str) -> None:
        """Nothing was stored."""
        self.stdout.write(json.dumps({"error": code, "message": reason(code)}, ensure_ascii=False))
        self.fail(code)

    def fail(self, code: str) -> None:
        self.stderr.write(reason(code))
        sys.exit(1)


def unit(code: str) -> Node | None:
    """Return the unit of that code; CommandError for one that is not there."""
    if not code:
        return None
    node: Node | None = Node.objects.filter(code=code, closed_date=None).first()
    if node is None:
        raise CommandError(f"no open unit has the code {code!r}")
    return node


def add(path: Path, *, title: str, node: Node | None = None) -> Video:
    """Look into the file first, so that nothing is stored of one that cannot be played; the file itself stays."""
    storage.require_space(path.stat().st_size)
    transcoder.examine(path)
    copy = storage.upload_path(uuid.uuid4())
    try:
        shutil.copyfile(path, copy)
        return create_video(
            title=title, source=copy, source_name=path.name, created_by_id=None, node_id=node.pk if node else None
        )
    finally:
        copy.unlink(missing_ok=True)


def wait_for(video: Video) -> None:
    """Return when the ladder is made or failed. A job that no worker takes, or that lost its worker, is done here."""
    asked = timezone.now()
    while (job := unmade(video)) is not None:
        now = timezone.now()
        if job.state == Job.State.RUNNING or now - asked > PATIENCE:
            transcode(job_id=job.pk, as_of=now)
        time.sleep(ASK_EVERY_S)


def unmade(video: Video) -> Job | None:
    """The job that is still to be waited for; what is made last is not."""
    return Job.objects.filter(
        video=video, state__in=[Job.State.QUEUED, Job.State.RUNNING], phase__lt=Phase.LARGE
    ).first()


def summary(video: Video) -> dict[str, Any]:
    return {
        "id": str(video.pk),
        "title": video.title,
        "state": video.state,
        "duration_ms": video.duration_ms,
        "width": video.width,
        "height": video.height,
        "renditions": video.renditions,
        "hls": f"{video.folder}/{MASTER}" if video.folder else "",
    }
