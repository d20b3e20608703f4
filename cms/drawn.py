"""Documents as a phone shows them: the pages of a PDF as pictures (ADR 78)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.documents import get_document_model_string

from media.models import DrawnPdf


class DrawnPaper(DrawnPdf):
    """The pages of a PDF of the library; they lie in ``media.storage.papers_folder``.

    ``file``: the name in the storage that was drawn, so that another file in its place is noticed; ``sizes``: width and
    height (px) of each page at 720, so that a page keeps its place free.
    """

    document = models.OneToOneField(get_document_model_string(), on_delete=models.CASCADE, related_name="drawn")
    file = models.CharField(max_length=255)
    sizes = models.JSONField(default=list, blank=True)

    class Meta:
        app_label = "cms"
        verbose_name = _("文件的页面")
        verbose_name_plural = _("文件的页面")
        indexes = [
            # The minute's look for what nobody draws.
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="drawn_paper_waiting"),
        ]

    @property
    def is_ready(self) -> bool:
        """Whether a phone can show its pages."""
        return self.state == self.State.READY

    def __str__(self) -> str:
        return f"{self.document_id}: {self.file}"
