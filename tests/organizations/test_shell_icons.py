"""Icons are drawn inline, hidden from readers, and never break a page."""

import pytest
from django.conf import settings

from organizations.templatetags.shell import ICONS, icon

pytestmark = pytest.mark.unit


def test_an_icon_is_inline_svg_hidden_from_readers() -> None:
    drawn = icon("today")
    assert drawn.startswith('<svg class="icon"')
    assert 'aria-hidden="true"' in drawn
    assert ICONS["today"] in drawn


def test_an_unknown_icon_draws_nothing() -> None:
    assert icon("<script>") == ""


def test_every_tab_has_its_icon() -> None:
    drawn = [one["icon"] for one in (*settings.NAV_TABS, settings.BACK_OFFICE)]
    assert [name for name in drawn if name not in ICONS] == []
