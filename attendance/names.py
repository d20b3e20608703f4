"""In which order names stand on every list: by the reading of their characters, as in a register on paper.

The one place that decides it; whatever lists people asks ``by_name``.
"""

from functools import cache

from pypinyin import lazy_pinyin

# Surnames that are not read as the character mostly is.
SURNAMES = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "盖": "ge", "朴": "piao",
    "任": "ren", "华": "hua", "纪": "ji", "缪": "miao", "翟": "zhai", "覃": "qin", "尉": "wei", "乐": "yue",
    "冼": "xian", "召": "shao", "葛": "ge", "洗": "xian", "燕": "yan", "员": "yun", "折": "she", "黑": "he",
    "那": "na", "能": "nai", "祭": "zhai", "秘": "bi", "种": "chong", "重": "chong", "繁": "po", "句": "gou",
}  # fmt: skip
Key = tuple[tuple[str, str], ...]


def by_name(name: str) -> Key:
    """Return the key by which names are sorted: each character's reading, then the character, so that people of one
    surname stay together; Latin letters as they are."""
    return tuple((_read(char, is_first=at == 0), char) for at, char in enumerate(name))


@cache
def _read(char: str, *, is_first: bool) -> str:
    known = SURNAMES.get(char) if is_first else None
    return known or lazy_pinyin(char)[0].replace("lv", "lu").replace("nv", "nu").casefold()
