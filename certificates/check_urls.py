"""Addresses of the public check: short, because they are typed and stand in a QR code."""

from django.urls import path

from certificates.views import check

urlpatterns = [
    path("", check.ask, name="certificate_ask"),
    path("<str:number>/", check.check, name="certificate_check"),
]
