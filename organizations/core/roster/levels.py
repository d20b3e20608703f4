"""The level of the tree that the name of an organisation suggests."""

import re

LEVELS = ("city", "county", "township", "community", "branch", "group")
_KIND_BY_NAME = (
    ("group", re.compile(r"小组|[^支]组$")),
    ("community", re.compile(r"总支")),
    ("branch", re.compile(r"支部")),
    ("community", re.compile(r"(?:社区|小区|村|居委会|村委会|嘎查)$")),
    ("township", re.compile(r"(?:镇|乡|街道|街道办|街道办事处|苏木|办事处)$")),
    ("city", re.compile(r"(?:市|州|盟|地区)$")),
    ("county", re.compile(r"(?:县|区|旗)$")),
)
_PARTY_SUFFIX = re.compile(r"(?:中共)|(?:党工委|机关党委|党委|党组|工委|委员会)$")


def guess_kind(name: str, *, parent: str | None, leaf: bool) -> str:
    """The level that the name of an organisation suggests; where it suggests none, the one below ``parent``.

    ``leaf``: people belong to it directly, nothing is below it in the file.
    """
    bare = _PARTY_SUFFIX.sub("", name) or name
    for kind, pattern in _KIND_BY_NAME:
        if pattern.search(bare):
            return "county" if kind == "city" and parent == "city" else kind
    if parent is None:
        return "city"
    if leaf and LEVELS.index(parent) < LEVELS.index("branch"):
        return "branch"
    return LEVELS[min(LEVELS.index(parent) + 1, len(LEVELS) - 1)]
