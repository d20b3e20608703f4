"""Certificates of finished trainings: what an organiser decided, what was issued, what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models import Training
from organizations.models import Node

USER = settings.AUTH_USER_MODEL


class CertificateSetting(models.Model):
    """证书设置: whether a training gives certificates and what they say. What was issued never follows a change.

    ``done_at``: since when everybody of the closed training has been looked at; None: that is still to come, and
    ``after_member_id``, ``seen`` of ``whole`` say how far it is. ``began_at``: a look through is under way.
    """

    training = models.OneToOneField(
        Training, on_delete=models.CASCADE, primary_key=True, related_name="certificate_setting"
    )
    is_on = models.BooleanField(_("发证书"), default=False)
    title = models.CharField(_("证书名称"), max_length=60)
    text = models.CharField(_("证书上的一句话"), max_length=100, blank=True)
    issuer = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("颁发单位"))
    counts_excused = models.BooleanField(_("请假的场次也算完成"), default=False)
    counts_exempt = models.BooleanField(_("免学的场次也算完成"), default=True)
    changed_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    after_member_id = models.BigIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    whole = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("证书设置")
        verbose_name_plural = _("证书设置")
        indexes = [models.Index(fields=["training"], condition=Q(done_at=None), name="certificate_setting_open")]

    def __str__(self) -> str:
        return f"{self.training_id}: {self.title}"


class Certificate(models.Model):
    """证书: append-only; the database refuses every change (``attendance/append_only.py``).

    ``content`` is the canonical text as issued (``certificates.core.content``), ``sha256`` its hash. ``rests_on`` and
    ``terms`` say why it could be issued; nobody but the program reads them. The first of a person has edition 1.
    """

    public_id = models.CharField(max_length=26, unique=True)
    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="certificates")
    member = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="certificates")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", help_text="the unit as at issue")
    edition = models.PositiveSmallIntegerField(default=1)
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    rests_on = models.JSONField(help_text="ids of the occasions")
    terms = models.JSONField(help_text="which states were accepted, and the hours it states")
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, related_name="replaced_by", null=True, blank=True)
    issued_by = models.ForeignKey(
        USER, on_delete=models.PROTECT, related_name="+", null=True, blank=True,
        help_text="an organiser who issued it anew; null: the program, or its member's tap",
    )  # fmt: skip
    issued_at = models.DateTimeField()

    class Meta:
        verbose_name = _("证书")
        verbose_name_plural = _("证书")
        constraints = [
            # Two taps, or a tap and the task, at once: one of them is first, the other finds it.
            models.UniqueConstraint(fields=["training", "member", "edition"], name="certificate_edition_once"),
        ]

    def __str__(self) -> str:
        return self.public_id


class CertificateWithdrawal(models.Model):
    """撤回: a certificate that does not stand any more, by whom and why; append-only, never undone."""

    certificate = models.OneToOneField(
        Certificate, on_delete=models.PROTECT, primary_key=True, related_name="withdrawal"
    )
    reason = models.CharField(_("撤回的原因"), max_length=200)
    withdrawn_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.certificate_id}: {self.withdrawn_at}"


class CertificateLapse(models.Model):
    """What a standing certificate rested on and does not any more; goes when it does again. The organiser decides."""

    certificate = models.OneToOneField(Certificate, on_delete=models.PROTECT, primary_key=True, related_name="lapse")
    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="+")
    lacking = models.JSONField(help_text="[[occasion, state now], …]; [0, hours]: too few hours")
    noticed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.certificate_id}: {self.lacking}"


class CertificateMark(models.Model):
    """Somebody who stands otherwise and whose certificate is to be looked at; a row goes when that is done."""

    training = models.ForeignKey(Training, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["training", "member"], name="certificate_mark_once")]

    def __str__(self) -> str:
        return f"{self.training_id}: {self.member_id}"
