"""Playlists that players can follow: one stream from many runs."""

import dataclasses
import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.media import playlist
from live.core.media.playlist import Run, Segment, Variant

pytestmark = pytest.mark.unit
NOON = dt.datetime(2026, 5, 1, 4, 0, tzinfo=dt.UTC)


def run(number: int, *durations: float) -> Run:
    segments = tuple(Segment(f"run-{number:04d}-{n:05d}.m4s", each) for n, each in enumerate(durations))
    return Run(f"run-{number:04d}-init.mp4", NOON + dt.timedelta(minutes=number), segments)


def test_what_is_too_short_is_not_played() -> None:
    found = [Segment("a.m4s", 2.04), Segment("b.m4s", 0.033), Segment("c.m4s", 1.5)]
    assert playlist.playable(found) == (found[0], found[2])


def test_segments_lie_where_they_say() -> None:
    """One is missing between two of a run (it was torn): the time goes on, and the gap is a cut."""
    torn = Run("i.mp4", NOON, (Segment("a.m4s", 2.0, 0.0), Segment("c.m4s", 2.0, 4.0)))
    assert torn.ends_at == NOON + dt.timedelta(seconds=6)
    span = playlist.recorded_span([torn])
    assert span is not None
    assert (span.duration_ms, span.cuts) == (4000, ((2000, 2000),))
    assert playlist.spans([torn], kept={"c.m4s"}) == [
        (NOON + dt.timedelta(seconds=4), NOON + dt.timedelta(seconds=6)),
    ]
    assert (playlist.dvr([torn]) or "").count("#EXT-X-DISCONTINUITY") == 1


def test_what_the_next_run_wrote_again_is_shown_once() -> None:
    """A segment was torn; ffmpeg went on for one more before it was killed, and its successor began at the torn one."""
    first = Run("a.mp4", NOON, (Segment("a0.m4s", 2.0, 0.0), Segment("a2.m4s", 2.0, 4.0), Segment("a3.m4s", 2.0, 6.0)))
    second = Run("b.mp4", NOON + dt.timedelta(seconds=2), (Segment("b0.m4s", 2.0, 0.0), Segment("b1.m4s", 2.0, 2.0)))
    text = playlist.vod([first, second]) or ""
    assert [line for line in text.splitlines() if line.endswith(".m4s")] == ["a0.m4s", "b0.m4s", "b1.m4s", "a3.m4s"]
    # What the successor does not hold in whole stays: never less than there was.
    short = dataclasses.replace(second, segments=(Segment("b0.m4s", 2.0, 0.0),))
    text = playlist.vod([first, short]) or ""
    assert [line for line in text.splitlines() if line.endswith(".m4s")] == ["a0.m4s", "b0.m4s", "a2.m4s", "a3.m4s"]


def test_before_the_first_segment_there_is_no_playlist() -> None:
    for runs in ([], [run(0)]):
        assert playlist.live(runs) is None
        assert playlist.dvr(runs) is None
        assert playlist.vod(runs) is None
        assert playlist.recorded_span(runs) is None
        assert playlist.target_duration(runs) == 2


def test_two_runs_are_one_stream_with_a_discontinuity() -> None:
    assert playlist.dvr([run(0, 2.0, 2.04), run(1), run(2, 1.96)]) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-SEQUENCE:0\n"
        '#EXT-X-MAP:URI="run-0000-init.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-05-01T04:00:00.000+00:00\n"
        "#EXTINF:2.000000,\nrun-0000-00000.m4s\n#EXTINF:2.040000,\nrun-0000-00001.m4s\n"
        '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="run-0002-init.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-05-01T04:02:00.000+00:00\n"
        "#EXTINF:1.960000,\nrun-0002-00000.m4s\n"
    )


def test_the_window_slides_and_counts_what_left_it() -> None:
    runs = [run(0, 2.0, 2.0), run(1, 2.0, 2.0), run(2, 2.0, 2.0)]
    text = playlist.live(runs, window=3)
    assert text is not None
    assert "#EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" in text
    assert re.findall(r"run-\S+m4s", text) == ["run-0001-00001.m4s", "run-0002-00000.m4s", "run-0002-00001.m4s"]
    assert '#EXT-X-MAP:URI="run-0001-init.mp4"' in text
    assert "#EXT-X-ENDLIST" not in text
    ended = playlist.live(runs, window=3, ended=True)
    assert ended is not None
    assert ended.endswith("#EXT-X-ENDLIST\n")


@given(st.lists(st.lists(st.floats(0.1, 6), max_size=6), max_size=5), st.integers(1, 8))
def test_as_a_lecture_grows_no_segment_ever_changes_its_number(runs: list[list[float]], window: int) -> None:
    """MEDIA-SEQUENCE and DISCONTINUITY-SEQUENCE give every segment the same numbers in every playlist it is in."""
    numbers: dict[str, tuple[int, int]] = {}
    target = 0
    for count in range(1, len(runs) + 1):
        so_far = [run(number, *durations) for number, durations in enumerate(runs[:count])]
        for last in range(len(runs[count - 1]) + 1):
            grown = [*so_far[:-1], run(count - 1, *runs[count - 1][:last])]
            text = playlist.live(grown, window=window)
            if text is None:
                continue
            found = re.search(r"TARGETDURATION:(\d+)", text)
            assert found
            assert int(found[1]) >= target
            target = int(found[1])
            assert all(float(each) <= target + 0.5 for each in re.findall(r"#EXTINF:([\d.]+)", text))
            sequence = int(re.search(r"MEDIA-SEQUENCE:(\d+)", text)[1])  # type: ignore[index]
            era = int(re.search(r"DISCONTINUITY-SEQUENCE:(\d+)", text)[1])  # type: ignore[index]
            for line in text.splitlines():
                era += line == "#EXT-X-DISCONTINUITY"
                if line.startswith("run-"):
                    assert numbers.setdefault(line, (sequence, era)) == (sequence, era)
                    sequence += 1


def test_pauses_are_told_with_where_they_lie() -> None:
    """Small differences between two runs are gathered until they matter."""
    first, second, third = run(0, 2.0, 2.0), run(1, 2.0), run(2, 1.0)
    second = dataclasses.replace(second, started_at=NOON + dt.timedelta(seconds=4.06))
    third = dataclasses.replace(third, started_at=NOON + dt.timedelta(seconds=66.06))
    span = playlist.recorded_span([first, second, third])
    assert span == playlist.RecordedSpan(NOON, 7000, ((6000, 60_060),))


def test_the_recording_is_what_was_kept() -> None:
    runs = [run(0, 2.0, 2.0, 2.0, 2.0), run(1, 1.0)]
    kept = {"run-0000-00001.m4s", "run-0000-00003.m4s"}
    text = playlist.vod(runs, kept=kept)
    assert text is not None
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert re.findall(r"run-\S+m4s|#EXT-X-DISCONTINUITY", text) == [
        "run-0000-00001.m4s",
        "#EXT-X-DISCONTINUITY",
        "run-0000-00003.m4s",
    ]
    assert text.count("#EXT-X-MAP") == 1
    # Left out: run 0 from 4 s to 6 s.
    cuts = ((2000, 2000),)
    assert playlist.recorded_span(runs, kept=kept) == playlist.RecordedSpan(NOON + dt.timedelta(seconds=2), 4000, cuts)
    assert playlist.recorded_span(runs) == playlist.RecordedSpan(NOON, 9000, ((8000, 52_000),))
    assert playlist.vod(runs, kept=set()) is None
    assert playlist.vod(runs) == (playlist.dvr(runs, ended=True) or "").replace("EVENT", "VOD")


def test_only_what_no_player_asks_for_is_outdated() -> None:
    assert playlist.outdated([run(0, 2.0, 2.0, 2.0), run(1, 2.0, 2.0)], window=2) == ["run-0000-00000.m4s"]
    assert playlist.outdated([run(0, 2.0)], window=2) == []


def test_the_master_names_picture_and_sound() -> None:
    assert playlist.master(
        [Variant("video.m3u8", 700_000, "avc1.42c01f,mp4a.40.2", 640, 360), Variant("audio.m3u8", 50_000, "mp4a.40.2")]
    ) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=700000,RESOLUTION=640x360,CODECS="avc1.42c01f,mp4a.40.2"\nvideo.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=50000,CODECS="mp4a.40.2"\naudio.m3u8\n'
    )


def test_places_after_a_move_come_after_all_of_before() -> None:
    run = Run("i.mp4", NOON, tuple(Segment(f"{n}.m4s", 2.0) for n in range(25)))
    text = playlist.live([run], moves=2) or ""
    assert "#EXT-X-MEDIA-SEQUENCE:200005\n" in text
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:2000\n" in text
