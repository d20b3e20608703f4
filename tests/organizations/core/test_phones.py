"""Phone numbers: many ways to write one, one stored form, and nothing to read without the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.core import phones

pytestmark = pytest.mark.unit
KEY, OTHER_KEY = "k" * 40, "o" * 40
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(str.isascii)
separators = st.sampled_from(["", " ", "-", "　", "\t", "–"])
prefixes = st.sampled_from(["", "+86", "0086", "86", "+86 ", "（+86）"])


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("13800000001", "+8613800000001"),
        ("138 0000 0001", "+8613800000001"),
        ("138-0000-0001", "+8613800000001"),
        ("+8613800000001", "+8613800000001"),
        ("+86 138 0000 0001", "+8613800000001"),
        ("008613800000001", "+8613800000001"),
        ("8613800000001", "+8613800000001"),
        ("１３８００００００01", "+8613800000001"),
        ("＋86 138 0000 0001", "+8613800000001"),
        ("+85291234567", "+85291234567"),
        ("'13800000001", "+8613800000001"),
        ("’+8613800000001", "+8613800000001"),
    ],
)
def test_ways_to_write_a_number(typed: str, normal: str) -> None:
    assert phones.normalise(typed) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12800000001",
        "1380000000",
        "138000000011",
        "abc",
        "+8612345",
        "+86",
        "010-88886666",
        "1" * 41,
        "١٣٨٠٠٠٠٠٠٠١",
    ],
)
def test_what_is_no_number(typed: str) -> None:
    with pytest.raises(phones.UnableToReadPhone) as refusal:
        phones.normalise(typed)
    assert not typed or typed not in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("13900000201/13900000202", "two_phones"),
        ("13900000203、13900000204", "two_phones"),
        ("13900000208 13900000209", "two_phones"),
        ("139 0000 0208 或 139 0000 0209", "two_phones"),
        ("13900000205(妻子)", "phone_with_words"),
        ("李秀英13900000205", "phone_with_words"),
        ("0577-88888888", "landline"),
        ("(0577)88888888", "landline"),
        ("88888888", "landline"),
        ("0577-88888888-801", "landline"),
        ("400-800-1234", "landline"),
        ("无", "no_phone"),
        ("-", "no_phone"),
        ("没有", "no_phone"),
        ("139****0206", "masked_phone"),
        ("139xxxx0206", "masked_phone"),
        ("1390000020*", "masked_phone"),
        ("1390000020", "too_few_digits"),
        ("139000002011", "too_many_digits"),
        ("12900000207", "bad_phone"),
        ("电话", "bad_phone"),
        ("1" * 41, "bad_phone"),
    ],
)
def test_why_it_is_no_number(typed: str, code: str) -> None:
    with pytest.raises(phones.UnableToReadPhone) as refusal:
        phones.normalise(typed)
    assert (refusal.value.code, str(refusal.value)) == (code, code)


@given(mobiles, separators, prefixes, st.integers(1, 10))
def test_one_number_has_one_form(mobile: str, separator: str, prefix: str, cut: int) -> None:
    typed = prefix + mobile[:cut] + separator + mobile[cut:]
    assert phones.normalise(typed) == f"+86{mobile}"
    assert phones.normalise(phones.normalise(typed)) == f"+86{mobile}"


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        normal = phones.normalise(text)
    except phones.UnableToReadPhone:
        return
    assert normal.startswith("+")
    assert normal[1:].isascii()
    assert normal[1:].isdigit()


@given(mobiles)
def test_only_the_key_opens_it(mobile: str) -> None:
    sealed = phones.encrypt(KEY, mobile)
    assert phones.decrypt(KEY, sealed) == mobile
    assert phones.decrypt(KEY, memoryview(sealed)) == mobile
    assert mobile.encode() not in sealed
    with pytest.raises(phones.UnableToDecrypt):
        phones.decrypt(OTHER_KEY, sealed)


def test_the_same_number_never_looks_the_same() -> None:
    assert phones.encrypt(KEY, "+8613800000001") != phones.encrypt(KEY, "+8613800000001")


@pytest.mark.parametrize("damaged", [b"", b"\x01", b"\x02" + b"0" * 40, b"\x01" + b"0" * 40])
def test_damaged_bytes_are_refused(damaged: bytes) -> None:
    with pytest.raises(phones.UnableToDecrypt):
        phones.unseal(KEY, damaged)


def test_the_index_finds_a_number_only_with_the_key() -> None:
    index = phones.blind_index(KEY, "+8613800000001")
    assert index == phones.blind_index(KEY, "+8613800000001")
    assert len(index) == 64
    assert index != phones.blind_index(KEY, "+8613800000002")
    assert index != phones.blind_index(OTHER_KEY, "+8613800000001")


def test_what_others_see() -> None:
    assert phones.mask("+8613800000001") == "*******0001"
    assert phones.last4("+8613800000001") == "0001"


@pytest.mark.parametrize(
    ("stored", "printed"), [("+8613800000001", "138 0000 0001"), ("+85291234567", "+85291234567"), ("", "")]
)
def test_a_number_is_printed_as_people_write_it(stored: str, printed: str) -> None:
    assert phones.spoken(stored) == printed


def test_a_key_is_named_by_what_opens_nothing() -> None:
    one, other = phones.fingerprint("k" * 40), phones.fingerprint("l" * 40)
    assert one == phones.fingerprint("k" * 40)
    assert one != other
    assert len(one) == 64
    assert one != phones.blind_index("k" * 40, "+8613800000001")
