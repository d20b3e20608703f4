from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class CmsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "cms"
    verbose_name = _("学习内容")

    def ready(self) -> None:
        # Only importable once every app is loaded.
        from wagtail.documents import get_document_model  # noqa: PLC0415
        from wagtail.images import get_image_model  # noqa: PLC0415
        from wagtail.models import Page  # noqa: PLC0415
        from wagtail.permissions import policy_registry  # noqa: PLC0415
        from wagtail.search.index import FilterField  # noqa: PLC0415
        from wagtail.signals import page_unpublished  # noqa: PLC0415

        import cms.editing  # noqa: F401, PLC0415 - registers its hooks
        from cms import belonging, material  # noqa: PLC0415
        from cms.models import CoursePage, DrawnPaper, LessonPage, PathPage  # noqa: PLC0415
        from cms.permissions import CoursePagePolicy, LibraryPolicy  # noqa: PLC0415
        from cms.receivers import (  # noqa: PLC0415
            captions_changed,
            document_stored,
            index_anew,
            is_named,
            lesson_deleted,
            make_shelf,
            page_withdrawn,
            paper_gone,
        )
        from media.events import captions_changed as of_captions  # noqa: PLC0415
        from media.events import names_asked  # noqa: PLC0415

        # Wagtail's listing offers "has pages below it" beside the search, and cannot do both without this.
        Page.search_fields = [*Page.search_fields, FilterField("numchild")]
        policy_registry.register(Page, CoursePagePolicy(Page))
        for model in (get_image_model(), get_document_model()):
            # Wagtail registers its own after ours; the exact class goes before it.
            policy_registry.register(model, LibraryPolicy(model, owner_field_name="uploaded_by_user"), exact_class=True)
        belonging.connect()
        material.connect()
        post_migrate.connect(make_shelf, sender=self, dispatch_uid="cms.make_shelf")
        post_migrate.connect(index_anew, sender=self, dispatch_uid="cms.index_anew")
        of_captions.connect(captions_changed, dispatch_uid="cms.captions_changed")
        names_asked.connect(is_named, dispatch_uid="cms.is_named")
        post_save.connect(document_stored, sender=get_document_model(), dispatch_uid="cms.document_stored")
        post_delete.connect(paper_gone, sender=DrawnPaper, dispatch_uid="cms.paper_gone")
        post_delete.connect(lesson_deleted, sender=LessonPage, dispatch_uid="cms.lesson_deleted")
        for page in (CoursePage, LessonPage, PathPage):
            page_unpublished.connect(page_withdrawn, sender=page, dispatch_uid=f"cms.withdrawn.{page.__name__}")
