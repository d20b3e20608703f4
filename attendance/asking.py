"""Forms of what others rely on: they say beforehand what a change does, ask once, and overwrite nobody's newer version.

A form that asks is sent again with ``agreed`` (what was shown, as a digest: an agreement holds for exactly what was
read) and carries ``seen`` (what the thing was when the page was opened). Everything typed stays.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

ASK, NEWER = "ask", "newer"


def digest_of(values: Mapping[str, Any]) -> str:
    """Return what names these values: the same for the same, whoever asks."""
    return hashlib.sha256(repr(sorted((name, str(value)) for name, value in values.items())).encode()).hexdigest()[:24]


def agreement_to(effects: Iterable[str]) -> str:
    """Return what stands for having read exactly these sentences."""
    return hashlib.sha256("\n".join(effects).encode()).hexdigest()[:24]


def changes_in_words(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[str]:
    """Return what is different, a sentence each; both say in words what there is, by its label."""
    return [
        _("%(what)s从“%(old)s”改为“%(new)s”。") % {"what": what, "old": before[what], "new": after[what]}
        for what in before
        if str(before[what]) != str(after[what])
    ]


def _plain(value: Any) -> Any:
    return getattr(value, "pk", value)


class Asking(forms.BaseForm):
    """Mixed into a form; ``stand_by`` at the end of ``__init__``, then ``effects_of_saving`` says what to ask about.

    The template includes ``attendance/admin/_asked.html`` inside its <form>.
    """

    asked_fields: tuple[str, ...] = ()  # choices that only make sense once the effects are read
    effects: list[str]
    seen: str
    _now: dict[str, str]

    def stand_by(self, values: Mapping[Any, Any] | None) -> None:
        """``values``: what is stored now, in words, by its label; None for something that does not exist yet."""
        self.effects = []
        self._now = {} if values is None else {str(name): str(value) for name, value in values.items()}
        self.seen = digest_of(self._now)

    @property
    def agreement(self) -> str:
        """What the box for agreeing is worth."""
        return agreement_to(self.effects)

    @property
    def asked_choices(self) -> list[forms.BoundField]:
        """What can be chosen beside the effects."""
        return [self[name] for name in self.asked_fields]

    @property
    def is_unchanged(self) -> bool:
        """Whether what was sent says the same as what is stored. ``changed_data`` takes a moment written without its
        seconds for another one."""
        names = set(self.changed_data) - set(self.asked_fields)
        return all(
            _plain(self.cleaned_data.get(name)) == _plain(self.initial.get(name, self.fields[name].initial))
            for name in names
        )

    def effects_of_saving(self) -> list[str]:
        """Return what saving does to others, a sentence each; [] where nobody has to be asked."""
        return []

    def full_clean(self) -> None:
        """Validate as every form does; what is right in itself is then held against what others did and need."""
        super().full_clean()
        if not self.is_bound or self.errors:
            return
        seen = self.data.get("seen", "")
        if seen and seen != self.seen:
            self.add_error(None, ValidationError(self._newer_words(), code=NEWER))
            return
        # A refusal that only what is stored knows may be added here, too.
        self.effects = self.effects_of_saving()
        if self.errors:
            self.effects = []  # what is refused has no effects, and nothing can be agreed to
        if self.effects and self.data.get("agreed", "") != self.agreement:
            words = _("还没有保存：请先看下面写的影响，勾选“我知道了”，再保存一次。")
            self.add_error(None, ValidationError(words, code=ASK))

    def _newer_words(self) -> str:
        now = _("；").join(f"{name}：{value}" for name, value in self._now.items())
        words = _(
            "您打开这一页以后，别人改过它，还没有保存您的修改。现在是 %(now)s。确定要用您填的内容，就再保存一次。"
        )
        return words % {"now": now}
