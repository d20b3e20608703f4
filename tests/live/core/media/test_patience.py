"""What ends late because the machine is busy is waited for; what hangs, or never ends, is not."""

from live.core.media.patience import Patience


def ends_at(grows_at: set[int]) -> int:
    """When patience is over, of 6 s without growth and 30 s in all, asked every second from 100 on."""
    patience, output, now = Patience(100, quiet_s=6, longest_s=30), 0, 100
    while patience.holds(now, output):
        now += 1
        output += now in grows_at
    return now - 100


def test_patience_lasts_as_long_as_the_output_grows_and_not_for_ever() -> None:
    assert ends_at(set()) == 6
    assert ends_at({105, 110}) == 16, "6 s after the last segment"
    assert ends_at({107}) == 6, "too late"
    assert ends_at(set(range(101, 200))) == 30
