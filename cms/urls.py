"""Addresses of the cms pages."""

from django.urls import URLPattern, URLResolver, path

from cms import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("files/<path:path>", views.library_file, name="cms_library_file"),
]
