"""The whole site's addresses."""

from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from config import operator_page, views
from config.retention import page
from live.views import link
from organizations.views.account import admin_login

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("health/", operator_page.health, name="health"),
    path("health/retention/", page.retention, name="retention"),
    path("offline/", views.offline, name="offline"),
    path("sw.js", views.service_worker, name="service_worker"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("MP_verify_<slug:word>.txt", views.proof_of_domain, {"owner": "MP"}),
    path("WW_verify_<slug:word>.txt", views.proof_of_domain, {"owner": "WW"}),
    path("accounts/", include("organizations.account_urls")),
    path("admin/login/", admin_login),
    # Wagtail's sign-in pages know nothing of our limits on guessing. What else of it is closed: cms/middleware.py.
    path("learn/_util/<path:rest>", views.nothing_here),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("courses/", include("courses.urls")),
    path("live/", include("live.urls")),
    path("l/<str:code>/", link.link, name="live_link"),
    path("meetings/", include("meetings.urls")),
    path("c/", include("certificates.check_urls")),
    path("certificates/", include("certificates.urls")),
    path("api/", include("api.urls")),
    path("lti/", include("lti.urls")),
    path("packages/", include("packages.urls")),
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
