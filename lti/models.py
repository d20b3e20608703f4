"""Learning platforms (Moodle and the like) from which people come, and their way here (LTI 1.3, ADR 98)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Platform(models.Model):
    """A learning platform whose word on who somebody is counts here; what it is known by, it tells its administrator.

    Accounts of its people are ``organizations.AccountLink`` rows of the provider ``way``.
    """

    name = models.CharField(_("名称"), max_length=20)
    issuer = models.CharField(_("平台标识（issuer）"), max_length=255)
    client_id = models.CharField(_("客户端编号（client ID）"), max_length=255)
    deployments = models.JSONField(_("部署编号（deployment ID）"), default=list, help_text="a list of strings")
    authorize_url = models.CharField(_("登录认证地址"), max_length=500)
    keyset_url = models.CharField(_("公钥地址（JWKS）"), max_length=500)
    trusts_phone = models.BooleanField(_("相信它核实过的手机号"), default=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True, help_text="when somebody last came from there")
    off_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("学习平台")
        verbose_name_plural = _("学习平台")
        constraints = [models.UniqueConstraint(fields=["issuer", "client_id"], name="lti_platform_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def way(self) -> str:
        """What its accounts are kept under: ``AccountLink.provider``."""
        return f"lti-{self.pk}"


class Visit(models.Model):
    """One way here from a platform, from the first request to the page: what was asked for may be answered once.

    Nothing of a person: who it is stands in a signed cookie of the browser. Deleted after a day
    (``lti.operations.visits``).
    """

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(db_index=True)
    launched_at = models.DateTimeField(null=True, help_text="the platform has said who it is; it says so once")
    done_at = models.DateTimeField(null=True, help_text="signed in, or chosen")
    wants = models.JSONField(default=dict, help_text="of one that chooses: deployment, return_url, data")

    def __str__(self) -> str:
        return f"{self.platform_id}: {self.state[:8]}"


class SigningKey(models.Model):
    """A key of this site's own, by which platforms know what it says; the private half is sealed with PHONE_KEY."""

    kid = models.CharField(max_length=32, unique=True)
    sealed = models.BinaryField()
    public = models.JSONField(help_text="the public half as a JWK (RFC 7517)")
    made_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.kid
