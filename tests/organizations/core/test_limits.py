"""One moment for each counter: so many at once, then one each step; and whose address is whose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.core.limits import counter, network_of

pytestmark = pytest.mark.unit


def test_a_counter_says_nothing_about_whom_it_counts() -> None:
    one = counter(secret="s", action="code", scope="number", who="+8613800000001", amount=3, window_s=600)
    other = counter(secret="t", action="code", scope="number", who="+8613800000001", amount=3, window_s=600)
    assert (len(one.key), one.step_ms, one.window_ms) == (40, 200_000, 600_000)
    assert one.key != other.key


@given(
    amount=st.integers(1, 50),
    window_s=st.integers(1, 86_400),
    waits=st.lists(st.integers(0, 90_000_000), min_size=1, max_size=60),
)
def test_no_window_ever_holds_more_than_twice_the_amount(amount: int, window_s: int, waits: list[int]) -> None:
    one = counter(secret="s", action="a", scope="b", who="c", amount=amount, window_s=window_s)
    now, spent_until, taken = 1_000_000_000, 0, []
    for wait in waits:
        now += wait % (one.window_ms + 1)
        if one.free_at_ms(spent_until) <= now:
            spent_until = max(spent_until, now) + one.step_ms
            taken.append(now)
    for first in taken:
        within = [at for at in taken if first <= at < first + one.window_ms]
        assert len(within) <= 2 * amount + 1


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", "unknown"),
    ],
)
def test_what_an_address_counts_as(address: str, counted_as: str) -> None:
    assert network_of(address) == counted_as
