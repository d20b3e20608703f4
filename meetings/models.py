"""Forms of meetings, the book of an occasion that has one, and what was written down afterwards."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attendance.models import Occasion, Training
from meetings.core.year import Per
from organizations.models import Node

USER = settings.AUTH_USER_MODEL


class Audience(models.TextChoices):
    """Who is expected at a form of meeting, as its planning begins with."""

    ALL = "all", _("全体党员")
    COMMITTEE = "committee", _("支委会成员")
    GROUP = "group", _("一个党小组")
    NAMED = "named", _("指定的人")


class MeetingForm(models.Model):
    """会议形式: what a unit says of one form, for itself and everything below; without a unit it is the site's.

    What nobody has changed is the shipped example (``meetings.catalogue``). ``times`` in each ``per``; 0: not asked.
    """

    class Every(models.TextChoices):
        MONTH = Per.MONTH.value, _("每月")
        QUARTER = Per.QUARTER.value, _("每季度")
        HALF = Per.HALF.value, _("每半年")
        YEAR = Per.YEAR.value, _("每年")

    node = models.ForeignKey(
        Node, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("所属组织")
    )
    code = models.SlugField(_("代码"), max_length=20)
    name = models.CharField(_("名称"), max_length=30)
    audience = models.CharField(_("应到的人"), max_length=10, choices=Audience.choices, default=Audience.ALL)
    per = models.CharField(_("多久"), max_length=8, choices=Every.choices, default=Every.MONTH)
    times = models.PositiveSmallIntegerField(_("几次"), default=0)
    is_used = models.BooleanField(_("使用这种形式"), default=True)
    changed_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("会议形式")
        verbose_name_plural = _("会议形式")
        constraints = [
            models.UniqueConstraint(fields=["node", "code"], name="meeting_form_of_node"),
            models.UniqueConstraint(fields=["code"], condition=Q(node=None), name="meeting_form_of_site"),
            models.CheckConstraint(condition=Q(times__lte=31), name="meeting_form_times"),
        ]

    def __str__(self) -> str:
        return self.name


class YearBook(models.Model):
    """The standing training under which a unit's own meetings of a year stand; made with the first of them."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    training = models.OneToOneField(Training, on_delete=models.CASCADE, related_name="year_book")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "year"], name="year_book_once")]

    def __str__(self) -> str:
        return f"{self.node_id} {self.year}"


class Meeting(models.Model):
    """The book of an occasion: its form, and for a meeting in person where, by whom and about what.

    Its key is the occasion's. ``form_name`` is what the form was called then; the catalogue may change.
    """

    occasion = models.OneToOneField(Occasion, on_delete=models.CASCADE, primary_key=True, related_name="meeting")
    form_code = models.SlugField(max_length=20)
    form_name = models.CharField(_("会议形式"), max_length=30)
    audience = models.CharField(_("应到的人"), max_length=10, choices=Audience.choices, default=Audience.ALL)
    place = models.CharField(_("地点"), max_length=80, blank=True)
    chair = models.CharField(_("主持人"), max_length=60, blank=True)
    recorder = models.CharField(_("记录人"), max_length=60, blank=True)
    agenda = models.TextField(_("议程"), blank=True)
    entered_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    entered_at = models.DateTimeField()
    is_late_entry = models.BooleanField(default=False, help_text="entered after it had taken place")

    class Meta:
        verbose_name = _("会议")
        verbose_name_plural = _("会议")
        indexes = [models.Index(fields=["form_code"], name="meeting_form_code")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.form_name}"

    @property
    def form_label(self) -> str:
        """The form's name in the reader's language, where it is one of the shipped example."""
        return gettext(self.form_name) if self.form_name else ""

    @property
    def agenda_items(self) -> list[str]:
        """The agenda, an item a line."""
        return [line.strip() for line in self.agenda.splitlines() if line.strip()]


class Minutes(models.Model):
    """What was studied and decided, as written down; a change is a new row, the last one holds."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="minutes")
    number = models.PositiveSmallIntegerField()
    studied = models.TextField(_("学习和讨论的内容"), blank=True)
    decisions = models.JSONField(default=list, help_text="[[title, text], …]")
    written_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        verbose_name = _("会议记录")
        verbose_name_plural = _("会议记录")
        constraints = [models.UniqueConstraint(fields=["meeting", "number"], name="minutes_number_once")]

    def __str__(self) -> str:
        return f"{self.meeting_id}: {self.number}"
