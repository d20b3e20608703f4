"""Who: people, the organisation tree, dated memberships, roles, and who looked at whose record."""

import datetime as dt
import uuid
from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from organizations.core import phones
from organizations.core.pinyin import sort_key
from organizations.managers import NodeManager, UserManager
from organizations.models_accounts import EndedAccount as EndedAccount  # Django looks for models here
from organizations.models_departed import Departure as Departure
from organizations.models_departed import PersonHold as PersonHold

if TYPE_CHECKING:
    from organizations.queries import Grant


class KeyOfName(models.CharField):  # type: ignore[type-arg]
    """What people are listed by: made from their name whenever they are saved or created, alone or in bulk.

    ``bulk_update`` and ``update`` write what they are given: whoever changes a name there writes this with it.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = sort_key(model_instance.name)  # type: ignore[attr-defined]
        setattr(model_instance, self.attname, key)
        return key


class User(AbstractBaseUser, PermissionsMixin):
    """One person. The phone number is only here encrypted, beside a blind index for sign-in."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(max_length=40, unique=True)
    name = models.CharField(_("姓名"), max_length=60)
    name_key = KeyOfName(
        max_length=200, default="", db_default="", blank=True, editable=False, help_text="sorts by sound (core.pinyin)"
    )
    number = models.CharField(_("编号"), max_length=40, unique=True, null=True, blank=True)
    phone_cipher = models.BinaryField(null=True, editable=False)
    phone_index = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  # unique
    phone_last4 = models.CharField(max_length=4, blank=True, editable=False)
    phone_verified = models.BooleanField(default=False)
    language = models.CharField(max_length=10, default="zh-hans")
    elder_mode = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # Nobody has an address for letters here. Wagtail asks each of those who talk about a page for theirs.
    email = ""

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    remembered_grants: "dict[dt.date, tuple[Grant, ...]] | None" = None  # remembered by queries.grants_of
    remembered_factor: bool | None = None  # remembered by queries.has_factor
    # Whether the session that this object comes from has shown a second step; None: it comes from no session.
    has_shown_factor: bool | None = None

    objects = UserManager()

    class Meta:
        verbose_name = _("人员")
        verbose_name_plural = _("人员")

    def __str__(self) -> str:
        return self.name

    @property
    def phone_masked(self) -> str:
        """What other people's pages show; empty without a number."""
        return phones.mask(self.phone_last4) if self.phone_last4 else ""

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Sessions end with the password, as Django has it, and with the number that people sign in by."""
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        held = f"{self.password}{self.phone_index or ''}"
        return salted_hmac(salt, held, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def first_name(self) -> str:
        """What Wagtail's admin greets people by."""
        return self.name


class NodeKind(models.TextChoices):
    CITY = "city", _("市")
    COUNTY = "county", _("县（区）")
    TOWNSHIP = "township", _("乡镇（街道）")
    COMMUNITY = "community", _("村（社区）")
    BRANCH = "branch", _("支部")
    GROUP = "group", _("小组")


class Node(MP_Node):
    """One organisation in the tree; any level may be missing. Subtree tests use the materialised path."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("层级"), max_length=12, choices=NodeKind.choices)
    closed_date = models.DateField(_("撤销日期"), null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, related_name="merged", null=True, blank=True)

    node_order_by: list[str] = []
    objects = NodeManager()

    class Meta:
        verbose_name = _("组织")
        verbose_name_plural = _("组织")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def line_to(cls, path: str) -> list[str]:
        """Return the paths of the node at ``path`` and of all above it, from the root down. No query."""
        return [path[:end] for end in range(cls.steplen, len(path) + 1, cls.steplen)]

    def line_paths(self) -> list[str]:
        """Return the paths of this node and of all above it, from the root down. No query."""
        return self.line_to(self.path)


class Left(models.TextChoices):
    """Why somebody belongs nowhere any more; no detail is stored."""

    TRANSFERRED = "transferred", _("转出")
    DIED = "died", _("去世")
    STOPPED = "stopped", _("停止")


class Membership(models.Model):
    """A person belongs to a node over ``[active_from, active_to)``; an open end is null.

    ``left_because`` says why the person left the organisation with this end; empty where they only moved on.
    """

    member = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="memberships")
    active_from_date = models.DateField(_("加入日期"))
    active_to_date = models.DateField(_("离开日期"), null=True, blank=True)
    left_because = models.CharField(_("离开原因"), max_length=12, choices=Left.choices, blank=True)

    class Meta:
        verbose_name = _("组织关系")
        verbose_name_plural = _("组织关系")
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=Q(active_to_date=None), name="membership_one_open"),
            models.CheckConstraint(
                condition=Q(active_to_date=None) | Q(active_to_date__gte=F("active_from_date")),
                name="membership_dates_in_order",
            ),
            models.CheckConstraint(
                condition=Q(left_because="") | Q(active_to_date__isnull=False), name="membership_left_with_a_date"
            ),
        ]
        indexes = [
            models.Index(fields=["node", "active_to_date"], name="membership_node_open"),
            models.Index(fields=["active_to_date"], condition=~Q(left_because=""), name="membership_left_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}@{self.node_id}"


class Exemption(models.Model):
    """A person is not expected at trainings over ``[active_from, active_to)`` (免学, a long absence). No health detail
    is stored: a category, and the number of the document that says so, if there is one."""

    class Category(models.TextChoices):
        ROSTER = "roster", _("名册上是免学")
        AWAY = "away", _("长期外出务工")
        AGED = "aged", _("年老体弱")
        LONG_LEAVE = "long_leave", _("长期病假或休假")
        POSTED = "posted", _("驻外、驻点或借调")
        OTHER = "other", _("其他")

    member = models.ForeignKey(User, on_delete=models.PROTECT, related_name="exemptions")
    active_from_date = models.DateField()
    active_to_date = models.DateField(null=True, blank=True)
    category = models.CharField(max_length=20, choices=Category.choices, default=Category.ROSTER)
    document = models.CharField(_("文号"), max_length=60, blank=True, db_default="")

    class Meta:
        verbose_name = _("免学")
        verbose_name_plural = _("免学")
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=Q(active_to_date=None), name="exemption_one_open"),
            models.CheckConstraint(
                condition=Q(active_to_date=None) | Q(active_to_date__gte=F("active_from_date")),
                name="exemption_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.category}"


class Role(models.TextChoices):
    SECRETARY = "secretary", _("支部书记")
    ORGANISER = "organiser", _("组织员")
    LECTURER = "lecturer", _("讲师")
    AUDITOR = "auditor", _("监督员")
    OPERATOR = "operator", _("管理员")


class RoleGrant(models.Model):
    """A role at a node, valid for its subtree over ``[active_from, active_to)``."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(max_length=12, choices=Role.choices)
    active_from_date = models.DateField()
    active_to_date = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("职责")
        verbose_name_plural = _("职责")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "node", "role"], condition=Q(active_to_date=None), name="role_grant_one_open"
            ),
            models.CheckConstraint(
                condition=Q(active_to_date=None) | Q(active_to_date__gte=F("active_from_date")),
                name="role_grant_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}@{self.node_id}"


class AccessEntry(models.Model):
    """A read of other people's records; written in the transaction of the read, never erased (ADR 30).

    Of one person (``subject``), or of a list: ``node`` says of which part of the tree, ``about`` and ``title`` of what
    (an app above knows the number), ``count`` how many people, ``members`` who they were (``,12,15,``). A list too
    long to name them has no ``members``: everybody in its scope counts as read. No ``reader``: a command on the server.
    """

    reader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    role = models.CharField(max_length=12, choices=Role.choices, blank=True)
    subject = models.ForeignKey(User, on_delete=models.PROTECT, related_name="access_entries", null=True, blank=True)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    what = models.CharField(max_length=40)
    about = models.PositiveBigIntegerField(null=True, blank=True)
    title = models.CharField(max_length=120, blank=True)
    count = models.PositiveIntegerField(default=1)
    members = models.TextField(blank=True)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("查阅记录")
        verbose_name_plural = _("查阅记录")
        constraints = [
            models.CheckConstraint(
                condition=Q(subject__isnull=False, node=None, members="") | Q(subject=None, node__isnull=False),
                name="access_of_one_or_of_a_list",
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "-at"], name="access_subject_newest"),
            models.Index(fields=["node", "-at"], condition=Q(subject=None), name="access_list_of_node"),
            models.Index(fields=["reader", "-at"], name="access_reader_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.reader_id or 'manage.py'} → {self.subject_id or self.node_id}: {self.what}"


class SignInLink(models.Model):
    """A link that lets one person in once, for a quarter of an hour. The link itself is nowhere, only its hash.

    ``standing``: what the person's number, password and membership were; any change of them ends the link.
    """

    member = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    standing = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("登录链接")
        verbose_name_plural = _("登录链接")
        indexes = [
            models.Index(fields=["member", "made_at"], name="sign_in_link_member"),
            models.Index(fields=["made_by", "made_at"], name="sign_in_link_made_by"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.made_at:%Y-%m-%d %H:%M}"


class AccountLink(models.Model):
    """An account that a person has with a provider and signs in by; of each provider at most one (ADR 85).

    ``made_by``: the operator who said whose it is; none: the provider vouched for the person's phone number, or a
    command. ``external_id`` is the provider's own name of the account, compared byte by byte.
    """

    member = models.ForeignKey(User, on_delete=models.PROTECT, related_name="account_links")
    provider = models.CharField(max_length=20)
    external_id = models.CharField(_("账号"), max_length=191)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("单位账号")
        verbose_name_plural = _("单位账号")
        constraints = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="account_link_one_person"),
            models.UniqueConstraint(fields=["member", "provider"], name="account_link_one_each"),
            models.CheckConstraint(condition=~Q(external_id=""), name="account_link_of_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} → {self.member_id}"


class RosterImport(models.Model):
    """One roster file that was taken over: who, when, under which node, and how much it changed. Not the file."""

    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    under = models.ForeignKey(Node, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_index=True)
    file_sha256 = models.CharField(max_length=64)
    created = models.PositiveIntegerField()
    updated = models.PositiveIntegerField()
    moved = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    nodes_created = models.PositiveIntegerField()
    left = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("名册导入")
        verbose_name_plural = _("名册导入")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class KeyFingerprint(models.Model):
    """What a key that lives outside the database must hash to, so that a wrong key is refused instead of used."""

    name = models.CharField(max_length=40, unique=True)
    value = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Allowance(models.Model):
    """What is spent of one limit: nothing once ``spent_until_ms`` (Unix milliseconds) is over (``core.limits``).

    ``key`` is a keyed hash: no number and no address stands here.
    """

    key = models.CharField(max_length=40, primary_key=True)
    spent_until_ms = models.BigIntegerField(db_index=True)
    window_ms = models.BigIntegerField()

    def __str__(self) -> str:
        return self.key
