"""Fills a database for the room's benchmark; prints the address and the cookie of each member's socket.

A fresh one gets a county and a lecture; else all come into the lecture that is there.
"""

import os
import sys
import time
from types import SimpleNamespace
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core import signing  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from attendance.operations import rosters  # noqa: E402
from live.models import Lecture  # noqa: E402
from live.room import tickets  # noqa: E402
from organizations.models import Membership, Node, User  # noqa: E402
from tests.factories.live import make_live  # noqa: E402
from tests.factories.organizations import JOINED, make_county  # noqa: E402

LIVES_S = 3600


def main(members: int) -> None:
    lecture = Lecture.objects.order_by("pk").last() or make_live(make_county(members=1))
    branch = Node.objects.get(code="QX.01.01")
    people = User.objects.bulk_create(
        [User(username=f"bench-{n}", name=f"党员{n}", password="!") for n in range(members)]
    )
    Membership.objects.bulk_create(
        [Membership(member=person, node=branch, active_from_date=JOINED) for person in people]
    )
    # Where a worker runs the lecture's roster is written by now: whoever is not on it is sent out of the room.
    rosters.write_members(lecture.pk, branch, timezone.localdate())
    later = SimpleNamespace(time=lambda: time.time() + LIVES_S)
    # A ticket lives for two minutes; a server that starts for ten thousand people needs more of them.
    with transaction.atomic(), mock.patch.object(signing, "time", later):
        for person in people:
            session = SessionStore()
            session[SESSION_KEY] = str(person.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session.create()
            ticket = tickets.make(
                tickets.Ticket(lecture.pk, person.pk, f"{person.pk:032x}", host=False, counted=True),
                session_key=session.session_key or "",
            )
            cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
            sys.stdout.write(f"/ws/live/{lecture.pk}/?ticket={ticket} {cookie}\n")


main(int(sys.argv[1]))
