"""Health pages: who sees them and what they say."""

import pytest
from django.test import Client


def test_healthz_answers_without_database_and_whatever_host(client: Client) -> None:
    response = client.get("/healthz", headers={"host": "10.0.0.9"})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_metrics_are_hidden_without_the_token(client: Client, settings) -> None:
    settings.METRICS_TOKEN = "x" * 40
    assert client.get("/metrics").status_code == 404
    answer = client.get("/metrics", headers={"authorization": f"Bearer {'x' * 40}"})
    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content
