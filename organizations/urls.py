"""Addresses of the organizations pages."""

from django.urls import URLPattern, URLResolver, path

from organizations.views import access, account

urlpatterns: list[URLPattern | URLResolver] = [
    path("display/", account.set_display, name="set_display"),
    path("me/access/", access.my_access, name="my_access"),
    path("audit/", access.audit, name="audit"),
]
