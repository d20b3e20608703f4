"""Minutes after an end, and after one that was undone: what was written by hand stays, what was taken back goes."""

from live.core.minutes import Noted, merged

A, B, C = ("甲", "一"), ("乙", "二"), ("丙", "三")


def test_minutes_that_nobody_touched_are_what_is_noted() -> None:
    before = Noted("1. 学习", (A, B))
    assert merged(before=before, now=Noted("1. 学习", (B, C)), written=before) == Noted("1. 学习", (B, C))
    assert merged(before=before, now=Noted("1. 通报", (A, B)), written=before) == Noted("1. 通报", (A, B))
    assert merged(before=Noted("", (A,)), now=Noted(), written=Noted("", (A,))).is_empty


def test_what_was_written_by_hand_stays_and_what_was_noted_since_comes_behind_it() -> None:
    before, written = Noted("1. 学习", (A, B)), Noted("学习了条例。", (A, ("乙", "二，已改")))
    both = Noted("学习了条例。", (A, ("乙", "二，已改"), C))
    assert merged(before=before, now=Noted("1. 学习", (A, B, C)), written=written) == both
    assert merged(before=before, now=Noted("1. 学习", (A, B, C)), written=both) == both
    assert merged(before=before, now=Noted("1. 学习", (B,)), written=written) == Noted(
        "学习了条例。", (("乙", "二，已改"),)
    )
    assert merged(before=before, now=Noted("2. 通报", (A, B)), written=written).studied == "学习了条例。\n2. 通报"
    said = Noted("学习了条例。2. 通报", (A,))
    assert merged(before=before, now=Noted("2. 通报", (A, B)), written=said) == said
