"""How names are spelled, pure: the order in which people are listed and the initials by which they are looked up.

Names stand in the order of a dictionary, by sound and tone, as on the paper lists that people know; a surname that is
read in a way of its own (单 shàn, 仇 qiú, 尉迟 yùchí) stands and is found under that.
"""

import re
import unicodedata
from functools import cache

LONGEST = 200
# How a surname is read where that is not how the character is read elsewhere.
_SURNAMES = {
    "单于": "chan2yu2", "单": "shan4", "曾": "zeng1",
    "解": "xie4", "仇": "qiu2", "区": "ou1", "查": "zha1", "盖": "ge3", "朴": "piao2",
    "任": "ren2", "华": "hua4", "纪": "ji3", "宁": "ning4", "翟": "zhai2", "覃": "qin2", "乐": "yue4", "缪": "miao4",
    "洗": "xian3", "员": "yun4", "黑": "he4", "秘": "bi4", "繁": "po2", "召": "shao4", "种": "chong2",
    "重": "chong2", "薄": "bo2", "哈": "ha3", "那": "na1", "折": "she2", "燕": "yan1", "么": "yao1", "祭": "zhai4",
    "葛": "ge3", "牟": "mu4", "佴": "nai4", "郇": "xun2", "乜": "nie4", "不": "fou3", "过": "guo1", "於": "yu1",
    "相": "xiang4", "撒": "sa4", "宰父": "zai3fu3",
}  # fmt: skip
_SYLLABLE = re.compile(r"([a-z])[a-z]*[0-9]")
_SPELLED = re.compile(r"[a-z]+[1-5]")


def sort_key(name: str) -> str:
    """Return what sorts names by sound and tone: ``li3xiu4mei2`` for 李秀梅; ASCII but for characters nobody can read.

    The tone after each syllable also ends it, so that 李 (li3) stands before 连 (lian2) in every database's order.
    """
    text = unicodedata.normalize("NFKC", name).lower().strip()
    surname = text[:2] if text[:2] in _SURNAMES else text[:1] if text[:1] in _SURNAMES else ""
    spelled = _SURNAMES.get(surname, "")
    return (spelled + "".join(_spelled(one) for one in _readings(text[len(surname) :])))[:LONGEST]


def initials(name: str) -> str:
    """Return the first letters of a name's syllables: ``lxm`` for 李秀梅; "" where none can be read."""
    return initials_of(sort_key(name))


def initials_of(key: str) -> str:
    """Return the same from what ``sort_key`` returned, without reading the name again."""
    return "".join(_SYLLABLE.findall(key))


def _readings(text: str) -> list[str]:
    """Return the syllables of the text in order; what is no Chinese comes as it stands."""
    if not text:
        return []
    found: list[str] = _pinyin()(text)
    return found


@cache
def _pinyin():  # type: ignore[no-untyped-def]
    """Load the library when the first name is spelled: it is 20 MB that a process without names need not have."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    return lambda text: lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)


def _spelled(reading: str) -> str:
    """Return a syllable as it is; of anything else letters and digits, ended as a syllable is."""
    if _SPELLED.fullmatch(reading):
        return reading
    kept = "".join(char for char in reading if char.isalnum())
    return kept if not kept or kept.isdigit() else f"{kept.rstrip('0123456789')}0"
