from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "courses"
    verbose_name = _("课程")

    def ready(self) -> None:
        # Only once every app is loaded.
        from wagtail.permissions import register_permission_policy  # noqa: PLC0415

        from courses.models import CourseRun  # noqa: PLC0415
        from courses.policies import SchedulePolicy  # noqa: PLC0415
        from courses.receivers import connect  # noqa: PLC0415

        register_permission_policy(CourseRun, SchedulePolicy(CourseRun))
        connect()
