"""What is remembered of an account of elsewhere that lets its person in no more (ADR 96)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

USER = settings.AUTH_USER_MODEL


class EndedAccount(models.Model):
    """An account with this provider was ended: a phone number alone links the person none there until they, or an
    operator, say so. ``ended_by``: who ended it; only what oneself ended oneself allows again. Which account it was
    is not kept.
    """

    member = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="ended_accounts")
    provider = models.CharField(max_length=20)
    ended_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField()

    class Meta:
        verbose_name = _("解除的单位账号")
        verbose_name_plural = _("解除的单位账号")
        constraints = [models.UniqueConstraint(fields=["member", "provider"], name="ended_account_one_each")]

    def __str__(self) -> str:
        return f"{self.provider} / {self.member_id}"

    @property
    def is_own(self) -> bool:
        """Whether the person ended it."""
        return self.ended_by_id == self.member_id
