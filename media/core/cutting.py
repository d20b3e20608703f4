"""Cutting a film at its segments: which of them stay, and the playlists of what is left. Pure.

Every segment begins with a picture that needs no other, so that whole segments can be taken as they are.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import ceil

from media.core.playlists import Segment

Span = tuple[int, int]
MOST_CUTS = 10
LEAST_MS = 1_000


def bounds_of(segments: Sequence[Segment]) -> list[int]:
    """Return where each segment begins, in ms, and where the last one ends."""
    return [0, *(round(at * 1000) for at in accumulate(segment.duration_s for segment in segments))]


def whole_segments(bounds: Sequence[int], *, start_ms: int, end_ms: int, without: Sequence[Span]) -> list[Span]:
    """Return the spans that are left, in ms, each from a segment's beginning to a segment's end.

    The beginning is that of the segment in which ``start_ms`` lies, the end that of the one in which ``end_ms`` lies;
    what lies in ``without`` goes with all of every segment that it touches.
    """
    count = len(bounds) - 1
    kept = [False] * count
    for place in _touched(bounds, start_ms, end_ms):
        kept[place] = True
    for start, end in without:
        for place in _touched(bounds, start, end):
            kept[place] = False
    spans: list[Span] = []
    for place in range(count):
        if not kept[place]:
            continue
        if spans and spans[-1][1] == bounds[place]:
            spans[-1] = (spans[-1][0], bounds[place + 1])
        else:
            spans.append((bounds[place], bounds[place + 1]))
    return spans


def _touched(bounds: Sequence[int], start_ms: int, end_ms: int) -> range:
    first = max(0, bisect_right(bounds, start_ms) - 1)
    return range(first, min(len(bounds) - 1, bisect_left(bounds, end_ms)) if end_ms > start_ms else first)


def length_of(spans: Sequence[Span]) -> int:
    """Return how long spans are together, in ms."""
    return sum(end - start for start, end in spans)


def within(segments: Sequence[Segment], *, spans: Sequence[Span]) -> list[Segment]:
    """Return the segments of which the middle lies in one of ``spans``; the first of each span begins anew."""
    bounds = bounds_of(segments)
    found: list[Segment] = []
    for start, end in spans:
        is_first = True
        for place, segment in enumerate(segments):
            if start <= (bounds[place] + bounds[place + 1]) / 2 < end:
                begins = bool(found) and (is_first or segment.begins_anew)
                found.append(Segment(segment.uri, segment.duration_s, segment.init, begins))
                is_first = False
    return found


def write_media(segments: Sequence[Segment]) -> str:
    """Return the media playlist of these segments."""
    longest = max(segment.duration_s for segment in segments)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{ceil(longest)}", "#EXT-X-PLAYLIST-TYPE:VOD"]
    lines += ["#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-INDEPENDENT-SEGMENTS"]
    init = ""
    for segment in segments:
        if segment.begins_anew:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.init and (segment.init != init or segment.begins_anew):
            lines.append(f'#EXT-X-MAP:URI="{segment.init}"')
            init = segment.init
        lines += [f"#EXTINF:{segment.duration_s:.6f},", segment.uri]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def keep_variants(master: str, uris: Sequence[str]) -> str:
    """Return a master playlist with only those variants; as it is where it is a media playlist itself."""
    lines = master.splitlines()
    gone = {
        place
        for place, line in enumerate(lines)
        if line.startswith("#EXT-X-STREAM-INF:") and lines[place + 1 : place + 2] and lines[place + 1] not in uris
    }
    left = [line for place, line in enumerate(lines) if place not in gone and place - 1 not in gone]
    return "\n".join(left) + "\n"
