"""Addresses of the media app: signed files, faults, resumable uploads. The video screens live in Wagtail's admin."""

from django.urls import URLPattern, URLResolver, path

from media.views import faults, files, uploads

urlpatterns: list[URLPattern | URLResolver] = [
    path("m/<str:token>/<path:path>", files.serve, name="media_file"),
    path("_media/stored/<str:token>/<str:root>/<str:object_id>/<path:path>", files.stored, name="media_stored"),
    path("videos/<uuid:video_id>/fault", faults.fault, name="video_fault"),
    path("uploads/", uploads.create, name="upload_create"),
    path("uploads/<uuid:upload_id>/", uploads.one, name="upload"),
]
