"""What the player island is told: the media, where to report, and its words in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils.html import json_script
from django.utils.safestring import SafeString

from attendance.core.intervals import Spans
from attendance.sentences.records import length
from attendance.standing import Amount
from cms.sentences import player_words
from media.core.clock import clock
from organizations.display import is_lite

register = template.Library()
register.filter("clock", clock)
# As the island draws them (frontend/src/player/view.ts): what it finds drawn already moves nothing.
SHOWN_GAP_MS = 2000
SHOWN_GAPS = 6
# What the page says, and the island need not know.
PAGES_OWN = frozenset({"title", "subtitle", "asked", "chapters"})


@register.simple_tag(takes_context=True)
def player_data(context: Context, player: Mapping[str, Any]) -> SafeString:
    """Write the island's data as a JSON script element (strict CSP: no inline code)."""
    occasion = player["occasion"]
    user = context["request"].user
    lite = is_lite(context["request"])
    data = {
        # Whose reports wait in this phone's outbox; a random name, not the person's number.
        "owner": str(getattr(user, "public_id", "")),
        "refresh_url": "",
        "complete_url": "",
        "fault_url": "",
        "needed_ms": None,
        "credited_ms": [],
        "position_ms": 0,
        "records": True,
        **{key: value for key, value in player.items() if key not in PAGES_OWN},
        # What lists pictures is not there to be fetched by whoever counts their megabytes.
        "storyboard": None if lite else player.get("storyboard"),
        "is_lite": lite,
        "hls_script": static("js/hls.js"),
        "play_url": f"/watch/{occasion}/play",
        "report_url": f"/watch/{occasion}/report",
        "words": player_words(),
    }
    return json_script(data, "player-data")


@register.simple_tag
def player_counted(player: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts so far, in words: ``done``, ``of``, ``left`` with ``is_enough``, and ``gaps``.

    ``gaps``: ``from``, ``to`` and ``why`` of what does not count; what only the phone knows of them, the island adds.
    """
    said, duration = player_words(), int(player.get("duration_ms") or 0)
    credited = Spans.of((start, end) for start, end in player.get("credited_ms") or [])
    needed = player.get("needed_ms")
    amount = Amount(credited.total, needed or 0, duration)
    left = said["left"].format(left=amount.left) if amount.left else said["enough"]
    return {
        "done": amount.done,
        "of": said["done_of"].format(all=length(duration)),
        "left": "" if needed is None else left,
        "is_enough": not amount.left,
        "gaps": _gaps(credited, duration, said) if credited else [],
    }


def _gaps(credited: Spans, duration_ms: int, said: Mapping[str, str]) -> Sequence[dict[str, str]]:
    last = credited.items[-1].end
    gaps = [gap for gap in credited.gaps_within(0, duration_ms) if gap.end - gap.start >= SHOWN_GAP_MS]
    return [
        {
            "from": clock(gap.start),
            "to": clock(gap.end),
            "why": said["gap_unseen" if gap.start >= last else "gap_skipped"],
        }
        for gap in gaps[:SHOWN_GAPS]
    ]
