"""Names by sound: the order of lists, and the initials by which people are looked up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.core.pinyin import LONGEST, initials, initials_of, sort_key

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "key", "letters"),
    [
        ("李秀梅", "li3xiu4mei2", "lxm"),
        ("吕布", "lv3bu4", "lb"),
        # Surnames that are read in a way of their own.
        ("单玉香", "shan4yu4xiang1", "syx"),
        ("单于夫", "chan2yu2fu1", "cyf"),
        ("曾志伟", "zeng1zhi4wei3", "zzw"),
        ("仇英", "qiu2ying1", "qy"),
        ("解永安", "xie4yong3an1", "xya"),
        ("万俟洁", "mo4qi2jie2", "mqj"),
        ("尉迟恭", "yu4chi2gong1", "ycg"),
        ("欧阳修", "ou1yang2xiu1", "oyx"),
        # The same character elsewhere in a name is read as usual.
        ("王单", "wang2dan1", "wd"),
        # Names of other peoples, letters, digits, full width, signs and what nobody can read.
        ("阿依古丽·买买提", "a1yi1gu3li4mai3mai3ti2", "ayglmmt"),
        ("Anna 王", "anna0wang2", "aw"),
        ("王Ａ１", "wang2a1", "wa"),
        ("王一2", "wang2yi12", "wy"),
        ("王?国", "wang2guo2", "wg"),
        ("𠮷田", "𠮷0tian2", "t"),
        ("", "", ""),
        ("  ", "", ""),
        ("12", "12", ""),
    ],
)
def test_a_name_is_spelled(name: str, key: str, letters: str) -> None:
    assert sort_key(name) == key
    assert initials(name) == initials_of(key) == letters


def test_lists_are_in_the_order_of_a_dictionary() -> None:
    """Finding: secretary 28: by code points 吕 周 宋 彭 stood in that order."""
    names = ["周德顺", "彭桂花", "宋振国", "吕明", "李小明", "连山", "李秀梅", "利民", "曾庆", "单玉香"]
    ordered = ["李小明", "李秀梅", "利民", "连山", "吕明", "彭桂花", "单玉香", "宋振国", "曾庆", "周德顺"]
    assert sorted(names, key=sort_key) == ordered


@given(st.text(max_size=60))
def test_any_text_is_spelled_in_bounds_and_always_the_same(name: str) -> None:
    key = sort_key(name)
    assert len(key) <= LONGEST
    assert key == sort_key(name)
    assert initials_of(key).isascii()
