"""What the way into a course is called."""

from django.utils.translation import gettext as _


def step_word(done_ms: int) -> str:
    """Return what the way into a course is called, on every page: it depends on whether anything of it counts."""
    return _("继续学习") if done_ms else _("开始学习")
