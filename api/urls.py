"""Addresses of the interface for other programs and of the pages where it is opened."""

from django.urls import path

from api.views import documentation, tokens, webhooks
from api.views.v1 import api

urlpatterns = [
    path("", tokens.home, name="api_home"),
    path("docs/", documentation.docs, name="api_docs"),
    path("tokens/new/", tokens.new_token, name="api_token_new"),
    path("tokens/<int:token_id>/", tokens.token, name="api_token"),
    path("webhooks/new/", webhooks.new_webhook, name="api_webhook_new"),
    path("webhooks/<int:webhook_id>/", webhooks.webhook, name="api_webhook"),
    path("v1/", api.urls),
]
