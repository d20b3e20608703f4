"""The addresses that a room's islands ask."""

from urllib.parse import urlencode

from django.urls import reverse

from live.models import Lecture


def urls_of(lecture: Lecture) -> dict[str, str]:
    """Return the addresses that a room's island asks."""
    names = {
        "state": "live_state",
        "ticket": "live_ticket",
        "outbox": "live_outbox",
        "people": "live_people",
        "slides": "live_slides",
        "papers": "live_slide_papers",
        "slides_remove": "live_slides_remove",
        "replay": "live_replay",
    }
    urls = {key: reverse(name, args=[lecture.pk]) for key, name in names.items()}
    own = {"today": reverse("today"), "me": reverse("me")}
    back = f"{reverse('account_login')}?{urlencode({'next': reverse('live_room', args=[lecture.pk])})}"
    return urls | own | {"socket": f"/ws/live/{lecture.pk}/", "sign_in": back}
