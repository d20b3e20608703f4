"""Addresses of the organizations pages."""

from django.urls import URLPattern, URLResolver, path

from organizations.views import access, account, roster, roster_files

urlpatterns: list[URLPattern | URLResolver] = [
    path("display/", account.set_display, name="set_display"),
    path("me/access/", access.my_access, name="my_access"),
    path("audit/", access.audit, name="audit"),
    path("roster/", roster.roster, name="roster"),
    path("roster/template.xlsx", roster_files.template, name="roster_template"),
    path("roster/export.xlsx", roster_files.export, name="roster_export"),
    path("roster/check/", roster.check, name="roster_check"),
    path("roster/review/", roster.review, name="roster_review"),
    path("roster/confirm/", roster.confirm, name="roster_confirm"),
    path("roster/discard/", roster.discard, name="roster_discard"),
]
