"""Whether two spellings may mean the same unit or the same person, pure."""

import re
import unicodedata
from collections.abc import Sequence

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_COUNTED = re.compile(
    r"第?([零〇一二三四五六七八九十百两]+|[0-9]+)(?=党?(?:总?支部?|小?组|大队|连|队|村|社区|居|网格))"
)
_BODY = re.compile(r"^中国共产党|^中共|(?:党工委|机关党委|党委|党组|工委)?(?:党员)?(?:委员会)?$")
_NOT_A_WORD = re.compile(r"[\W_]+")
_DOTS = re.compile(r"[·•．・‧∙⋅.]")


def name_key(name: str) -> str:
    """What two spellings of one person's name have in common: dots, widths, spaces and letter case aside."""
    return _DOTS.sub("·", unicodedata.normalize("NFKC", _DOTS.sub("·", name))).replace(" ", "").casefold()


def unit_key(name: str) -> str:
    """What the spellings of one unit's name have in common: ``中共第1党支部委员会`` is ``1支部``."""
    text = _NOT_A_WORD.sub("", unicodedata.normalize("NFKC", name))
    text = _BODY.sub("", text) or text
    text = text.replace("党支部", "支部").replace("党总支", "总支")
    text = re.sub(r"总支部?$", "总支", text)
    return _COUNTED.sub(lambda match: str(_number(match[1])), text)


def means(written: str, unit: str, above: Sequence[str]) -> bool:
    """Whether ``written`` (a key) is the unit's key with some of the keys above it in front, in their order.

    So ``永安镇东风村1支部`` means ``1支部`` below ``东风村`` below ``永安镇``; ``西风村1支部`` does not.
    """
    if not written.endswith(unit):
        return False
    rest = written[: len(written) - len(unit)]
    for name in above:
        rest = rest.removeprefix(name)
    return not rest


def _number(text: str) -> int:
    if text.isdigit() and text.isascii():
        return int(text)
    total = unit = 0
    for character in text:
        if character == "百":
            total, unit = total + max(unit, 1) * 100, 0
        elif character == "十":
            total, unit = total + max(unit, 1) * 10, 0
        else:
            unit = _DIGITS[character]
    return total + unit
