"""Addresses of packages' files, below /packages/. The office of packages lies in Wagtail's admin."""

from django.urls import URLPattern, URLResolver, path

from packages.views import files

urlpatterns: list[URLPattern | URLResolver] = [
    path("<str:token>/<path:path>", files.file, name="package_file"),
]
