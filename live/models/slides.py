"""Slides of lectures: the PDFs, and when which page was shown (ADR 53)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from media.models import DrawnPdf


class SlideDeck(DrawnPdf):
    """A PDF of a lecture, drawn page by page; its files lie in ``media.storage.slides_folder``.

    ``titles``: those of its outline, by page; ``replaces``: the deck whose place it takes once it is ready;
    ``removed_at``: no longer to be shown, and kept for the replay if it was.
    """

    lecture = models.ForeignKey("live.Lecture", on_delete=models.CASCADE, related_name="decks")
    name = models.CharField(max_length=120)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    titles = models.JSONField(default=dict, blank=True)
    replaces = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    ask_at = models.DateTimeField(help_text="when it is asked (again) whether anybody can still see it")

    class Meta:
        verbose_name = _("课件")
        verbose_name_plural = _("课件")
        indexes = [
            # The minute's look for what nobody draws.
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="slide_deck_waiting"),
            models.Index(fields=["ask_at"], name="slide_deck_ask_at"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.name}"


class SlideTurn(models.Model):
    """From this moment on this page was shown, until the lecture's next turn; without a deck: none was."""

    lecture = models.ForeignKey("live.Lecture", on_delete=models.CASCADE, related_name="slide_turns")
    deck = models.ForeignKey(SlideDeck, on_delete=models.CASCADE, related_name="turns", null=True, blank=True)
    page = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(deck=None, page=0) | Q(deck__isnull=False, page__gte=1), name="slide_turn_page_of_deck"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.page}"
