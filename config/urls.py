"""The whole site's addresses."""

from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from config import views
from organizations.views.account import admin_login

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("offline/", views.offline, name="offline"),
    path("sw.js", views.service_worker, name="service_worker"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("accounts/", include("organizations.account_urls")),
    path("admin/login/", admin_login),
    # Wagtail's reports look across the whole tree, and its test page breaks on purpose.
    path("admin/reports/<path:rest>", views.nothing_here),
    # Its API lists pictures and documents whoever they belong to; the editor asks it for pages alone.
    *(
        path(f"admin/api/main/{kind}/{rest}", views.nothing_here)
        for kind in ("images", "documents")
        for rest in ("", "<path:rest>")
    ),
    path("admin/failwhale/", views.nothing_here),
    path("admin/test404/", views.nothing_here),
    # Its sign-in pages know nothing of our limits on guessing.
    path("learn/_util/<path:rest>", views.nothing_here),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("courses/", include("courses.urls")),
    path("live/", include("live.urls")),
    path("", include("cms.urls")),
    path("", include("media.urls")),
    path("", include("organizations.urls")),
    path("", include("attendance.urls")),
    path("learn/", include(wagtail_urls)),
]

handler400 = "config.views.bad_request"
handler403 = "config.views.permission_denied"
handler404 = "config.views.page_not_found"
handler500 = "config.views.server_error"
