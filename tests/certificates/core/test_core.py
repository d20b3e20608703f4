"""Numbers, contents and finishing, without a database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.core.content import Content, content_of, sha256_of
from certificates.core.finish import Finish, Place, Terms, finish_of, lapsed
from certificates.core.number import ALPHABET, LENGTH, RANDOM_BYTES, grouped, number_from, number_typed

pytestmark = pytest.mark.unit
SAID = Content(
    number="0" * LENGTH, title="结业证书", text="", name="王一", unit="甲支部", training="防汛", from_date="2026-09-01",
    until_date="2026-11-30", hours="2", issuer="青溪县", issued_date="2026-12-01",
)  # fmt: skip


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_a_number_is_read_as_it_is_printed(random: bytes) -> None:
    number = number_from(random)
    assert len(number) == LENGTH
    assert set(number) <= set(ALPHABET)
    assert number_typed(grouped(number)) == number
    assert number_typed(f" {grouped(number).lower()} ") == number


def test_each_of_130_bits_makes_another_number() -> None:
    numbers = {number_from((1 << bit).to_bytes(RANDOM_BYTES, "big")) for bit in range(130)}
    assert len(numbers) == 130


def test_a_number_is_printed_in_groups() -> None:
    assert grouped("ABCD1234EFGH5678JKMN9012PQ") == "ABCD-1234-EFGH-5678-JKMN-9012-PQ"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("O" * 26, "0" * 26),
        ("il" * 13, "1" * 26),
        ("０" * 26, "0" * 26),
        ("ab cd—efgh/" + "0" * 18, "ABCDEFGH" + "0" * 18),
        ("0" * 25, ""),
        ("0" * 27, ""),
        ("U" * 26, ""),
        ("证书" * 13, ""),
        ("", ""),
        ("-" * 100 + "0" * 26, ""),
    ],
)
def test_what_somebody_types(typed: str, read: str) -> None:
    assert number_typed(typed) == read


def test_a_content_is_one_text_and_comes_back_from_it() -> None:
    text = SAID.canonical()
    assert text.startswith('{"from_date":"2026-09-01","hours":"2","issued_date":"2026-12-01","issuer":"青溪县"')
    assert content_of(text) == SAID
    assert sha256_of(text) == "bdd78d1760d8740a9294c4cc3677b95474c5361832db7a4ee2d89d3123df3d40"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name":"王一"}', "null"])
def test_what_is_no_content_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        content_of(text)


ONE = Decimal(1)
STRICT = Terms(counts_excused=False, counts_exempt=False, hours=Decimal(0))
MILD = Terms(counts_excused=True, counts_exempt=True, hours=Decimal(0))


def places(*states: str) -> list[Place]:
    return [
        Place(pk, state, ONE if state in ("attended", "made_up") else Decimal(0)) for pk, state in enumerate(states, 1)
    ]


@pytest.mark.parametrize(
    ("states", "terms", "is_finished"),
    [
        (("attended", "made_up"), STRICT, True),
        (("attended", "excused"), STRICT, False),
        (("attended", "excused"), MILD, True),
        (("attended", "exempt"), STRICT, False),
        (("attended", "exempt"), MILD, True),
        (("excused", "exempt"), MILD, False),  # nothing was taken part in
        (("attended", "missing"), MILD, False),
        (("attended", "incomplete"), MILD, False),
        (("attended", "pending"), MILD, False),
        (("attended", "due"), MILD, False),
        (("attended", "void", "not_held"), STRICT, True),
        (("void",), MILD, False),
        ((), MILD, False),
        (("attended", "made_up"), Terms(False, False, Decimal(2)), True),
        (("attended", "made_up"), Terms(False, False, Decimal("2.5")), False),
        (("attended", "excused"), Terms(True, False, Decimal(2)), False),
    ],
)
def test_who_has_finished(states: tuple[str, ...], terms: Terms, is_finished: bool) -> None:
    assert finish_of(places(*states), terms).is_finished is is_finished


def test_a_finish_says_what_it_rests_on_and_what_it_lacks() -> None:
    found = finish_of(places("attended", "excused", "missing", "void"), MILD)
    assert found == Finish((1, 2), (3,), ONE, Decimal(0), has_taken_part=True)


TWO_HOURS = Terms(counts_excused=False, counts_exempt=True, hours=Decimal(2))


@pytest.mark.parametrize(
    ("states", "lost"),
    [
        (("attended", "attended"), []),
        (("attended", "made_up"), []),
        (("attended", "missing"), [[2, "missing"]]),
        (("attended", "void"), [[2, "void"]]),
        (("attended", "excused"), [[2, "excused"]]),
        (("attended", "exempt"), [[0, "hours"]]),
        (("attended",), [[2, "gone"]]),
        (("attended", "attended", "missing"), []),  # what was added since takes nothing away
    ],
)
def test_what_a_certificate_rested_on(states: tuple[str, ...], lost: list[list[object]]) -> None:
    assert lapsed(places(*states), rests_on=(1, 2), terms=TWO_HOURS) == lost
