"""``manage.py seed_demo``: the demo county, its people, courses and trainings. Once; refused outside DEBUG and demo."""

import shutil
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import transaction
from django.utils import timezone

from attendance.models import Occasion
from attendance.operations import settle, settle_dirty
from certificates.operations import advance, unfinished
from config.demo.content import FIRST_AID, FRAUD, make_videos, seed_courses
from config.demo.making_up import give_certificates, seed_making_up
from config.demo.meetings import seed_meetings
from config.demo.people import ACCOUNTS, seed_people
from config.demo.trainings import Cast, seed_trainings
from media.models import Job
from media.operations import transcode
from organizations.models import Node, User
from organizations.queries import user_by_phone


def account(role: str) -> User:
    person = user_by_phone(str(ACCOUNTS[role]))
    if person is None:
        raise CommandError(f"the demo's {role} is missing")
    return person


class Command(BaseCommand):
    help = (
        "Fill an empty site with the demo county, its people, courses and trainings. Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--minutes", type=float, default=settings.DEMO_VIDEO_MINUTES, help="length of each demo video"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEBUG or settings.DEMO):
            raise CommandError(
                "seed_demo writes accounts with a published password: it runs only with DEBUG=1 or DEMO=1"
            )
        if Node.objects.exists():
            return
        now = timezone.now()
        paths = make_videos(options["minutes"], self.stdout.write)
        self.stdout.write("==> Seeding people, courses and trainings")
        with transaction.atomic():
            county = seed_people(now)
            courses = seed_courses(county, paths)
            cast = Cast(county, account("organiser"), account("lecturer"), account("secretary"))
            past = seed_trainings(cast, courses, paths[FIRST_AID.title], now)
            seed_making_up(cast, paths[FRAUD.lessons[0].title], now)
            give_certificates(cast, past, as_of=now)
            seed_meetings(cast, now)
        # No worker of a site that is being prepared hears what a saved page asks for.
        call_command("update_index", verbosity=0)
        # What ended weeks ago in the demo is judged before anybody looks: no worker is weeks late on a fresh site.
        for occasion in Occasion.objects.filter(state=Occasion.State.CLOSED):
            settle(occasion_id=occasion.pk, as_of=timezone.now())
        settle_dirty(as_of=timezone.now())
        for training_id in unfinished():
            advance(training_id=training_id, as_of=timezone.now())
        shutil.rmtree(paths[FIRST_AID.title].parent)
        self.stdout.write("==> Preparing the videos for phones")
        while (job := Job.objects.filter(state=Job.State.QUEUED).order_by("phase", "pk").first()) is not None:
            if not transcode(job_id=job.pk, as_of=timezone.now()):
                break
