"""The interface on a real server: the example of the manual, and what nobody would think of asking (schemathesis)."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import World, world

__all__ = ["world"]
pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
EXAMPLE = Path(__file__).resolve().parent.parent.parent / "docs/examples/month_hours.py"
EXAMPLES_EACH = 6
PATIENCE_S = 300  # on a machine that others keep busy


def run(site: str, key: str, *asked: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "FINGERTIP_KEY": key, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(EXAMPLE), site, *asked]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_the_example_pulls_a_months_hours(world: World, live_server: Any) -> None:
    starts = timezone.localtime(world.occasion.starts_at)
    done = run(live_server.url, world.key("hours"), str(starts.year), str(starts.month))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["姓名"]: row["学时"] for row in rows}[world.county.member.name] == "1.0"
    assert len(rows) == 8
    refused = run(live_server.url, world.key("counts"), "2026", "11")
    assert "学时（有人名）" in refused.stderr
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 50


def test_answers_are_as_they_are_described(world: World, live_server: Any, settings_untimed: Any) -> None:
    """Whatever is asked of each address: an answer of the description, never an error of ours."""
    headers = {"Authorization": f"Bearer {world.key()}"}
    schema = schemathesis.openapi.from_dict(Client().get("/api/v1/openapi.json").json())
    asked = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings_untimed
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            response = case.call(base_url=live_server.url, headers=headers, timeout=PATIENCE_S)
            assert response.status_code < 500
            case.validate_response(
                response, checks=[status_code_conformance, content_type_conformance, response_schema_conformance]
            )

        ask()
        asked.append(operation.path)
    assert len(asked) == 11


@pytest.fixture
def settings_untimed() -> Any:
    return settings(
        max_examples=EXAMPLES_EACH, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
