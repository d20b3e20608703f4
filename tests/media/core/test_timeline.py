"""Where packets lie in time."""

import pytest

from media.core.timeline import PacketReader, Timeline, Track

pytestmark = pytest.mark.unit


def read(text: str, *, has_jumps: bool = False) -> dict[int, Track]:
    reader = PacketReader(has_jumps)
    data = text.encode()
    for at in range(0, len(data), 7):
        reader.feed(data[at : at + 7])
    return reader.tracks()


def test_length_is_of_what_is_shown_and_hidden_packets_are_counted_apart() -> None:
    track = read("0,-0.5,-0.5,0.5,10,KD\n0,0.0,0.0,0.5,10,__,\n\n0,0.5,0.5,0.5,20,_D\n0,1.0,1.0,0.5,5,K_\n")[0]
    assert (track.shown, track.hidden, track.first_s, track.start_s, track.end_s) == (2, 2, -0.5, 0.0, 1.5)
    assert (track.filled_s, track.size, track.key_gap_s, track.is_whole) == (1.0, 45, 1.5, True)


def test_keyframes_are_as_far_apart_as_the_farthest_also_to_the_end() -> None:
    assert read("0,0,0,1,1,K_\n0,1,1,1,1,__\n0,2,2,1,1,K_\n0,3,3,1,1,__\n0,4,4,1,1,__\n")[0].key_gap_s == 3.0
    assert read("0,0,0,1,1,__\n0,1,1,1,1,K_\n")[0].key_gap_s is None


@pytest.mark.parametrize("second", ["0,N/A,N/A,1,1,__", "0,N/A,1,1,1,__", "0,1,0,1,1,__"])
def test_packets_without_a_moment_or_out_of_order_are_not_whole(second: str) -> None:
    assert not read(f"0,0,0,1,1,K_\n{second}\n")[0].is_whole


def test_packets_without_a_length_last_as_long_as_the_others() -> None:
    track = read("1,0,0,N/A,1,K_\n1,0.5,0.5,N/A,1,K_\n1,1.0,1.0,N/A,1,K_\n")[1]
    assert (track.end_s, track.filled_s) == (1.5, 0.0)


def test_a_broadcast_clock_that_jumps_leaves_no_gap() -> None:
    text = "0,50000,50000,1,1,K_\n0,50001,50001,1,1,__\n0,7,7,1,1,K_\n0,8,8,1,1,__\n"
    assert read(text, has_jumps=True)[0].length_s < 5
    assert read(text)[0].length_s > 49_000


def test_film_is_as_long_as_picture_or_sound() -> None:
    tracks = read("0,10,10,1,1,K_\n1,12,12,5,1,K_\n2,0,0,900,1,K_\n")
    timeline = Timeline(10.0, tracks[0], tracks[1])
    assert (timeline.length_s, timeline.filled_s) == (7.0, 5.0)
    assert Timeline(0.0, None, None).length_s == 0.0
