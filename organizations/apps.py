from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "organizations"
    verbose_name = _("组织与人员")

    def ready(self) -> None:
        from organizations.plain_errors import use_plain_words  # noqa: PLC0415

        use_plain_words()
        # Only importable once every app is loaded.
        from auditlog.registry import auditlog  # noqa: PLC0415

        from organizations import checks, models  # noqa: F401, PLC0415  # checks registers itself

        # Field changes of who belongs where and who may do what. Never a phone number, in whatever form.
        for model in (models.Node, models.Membership, models.Exemption, models.RoleGrant):
            auditlog.register(model, exclude_fields=["path", "depth", "numchild"] if model is models.Node else None)
        auditlog.register(models.User, include_fields=["name", "number", "is_active", "is_staff", "is_superuser"])
