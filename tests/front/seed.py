"""``python -m tests.front.seed``: people, a film and a lecture in the site's own database, as JSON."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from media.queries import playback  # noqa: E402
from organizations.models import Role  # noqa: E402
from organizations.operations.people import phone_fields  # noqa: E402
from tests.factories.live import make_live  # noqa: E402
from tests.factories.media import ReadyVideoFactory  # noqa: E402
from tests.factories.organizations import RoleGrantFactory, UserFactory, make_county  # noqa: E402

PASSWORD = "correct-horse-7"
SEGMENT = bytes(range(256)) * 4096


def main() -> None:
    world = make_county()
    people = {
        "organiser": UserFactory(phone="+8613700000001", password=PASSWORD),
        "member": UserFactory(phone="+8613700000002", password=PASSWORD),
    }
    RoleGrantFactory(user=people["organiser"], node=world.township, role=Role.ORGANISER)
    world.lecturer.set_password(PASSWORD)
    for name, value in phone_fields("+8613700000003").items():
        setattr(world.lecturer, name, value)
    world.lecturer.save()
    lecture = make_live(world)
    video = ReadyVideoFactory(created_by=people["organiser"], node=world.township)
    folder = settings.MEDIA_ROOT / video.folder
    folder.mkdir(parents=True)
    (folder / "master.m3u8").write_text("#EXTM3U\n")
    (folder / "480p-0001.m4s").write_bytes(SEGMENT)
    (folder / "notes.txt").write_text("not media")
    url = playback(video=video, viewer_id=people["organiser"].pk, as_of=timezone.now()).hls_url
    facts = {
        "password": PASSWORD,
        "organiser": people["organiser"].pk,
        "member": people["member"].pk,
        "lecturer": world.lecturer.pk,
        "lecture": lecture.pk,
        "playlist": url,
        "segment": url.replace("master.m3u8", "480p-0001.m4s"),
        "folder": video.folder,
        "video": str(video.pk),
    }
    sys.stdout.write("SEED " + json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
