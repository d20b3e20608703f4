"""Why a recording is not cut, and what a cut comes to, in words."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from attendance.sentences.records import length
from media.core.clock import clock
from media.core.cutting import length_of


def cut_refusal(code: str) -> str:
    """The sentence for ``UnableToCut``."""
    return {
        "gone": _("回放已经不在了，不能再剪。"),
        "nothing": _("这样剪，什么也不剩（至少要留 1 秒）。请检查开头、结尾和去掉的段落。"),
        "many": _("最多去掉 10 段，请合并相邻的段落。"),
    }[code]


def cut_rows(spans: Sequence[tuple[int, int]]) -> list[str]:
    """What is left, part by part."""
    return [f"{clock(start)} – {clock(end)}" for start, end in spans]


def cut_length(spans: Sequence[tuple[int, int]]) -> str:
    """How long that is together."""
    return length(length_of(spans))
