"""The alert rules and the dashboard ask for what the product tells, and for nothing else."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from config import marks
from config.guard import REFUSED
from config.metrics import site
from live import quick
from live.room.chat import UNWRITTEN
from live.room.process import PHONES
from live.room.threads import STEPS
from live.supervise import FAILURES
from organizations import replica
from tests.config.test_health import heard

FOLDER = Path(__file__).resolve().parents[2] / "deploy/monitoring"
ALERTS = FOLDER / "alerts.yml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
BOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
ASKED = [rule["expr"] for rule in RULES]
ASKED += [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
METRIC = re.compile(r"\b(?:site|live|ledger|django|body|process)_\w+")
OF_PROMETHEUS = {"up"}
OF_PROCESSES = {"process_resident_memory_bytes"}  # where there is /proc
TOKEN = "x" * 40


class FakeRedis:
    """A broker with empty queues."""

    def llen(self, _queue: str) -> int:
        return 0

    def close(self) -> None:
        """Nothing was opened."""


@pytest.mark.django_db
def test_each_metric_that_is_asked_for_is_told(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all((REFUSED, UNWRITTEN, PHONES, STEPS, FAILURES)), "what rooms and doors count is counted where they are"
    heard(timezone.now())
    marks.leave(name=marks.BACKUP, as_of=timezone.now())
    monkeypatch.setattr(quick, "redis_client", FakeRedis)
    client.get("/offline/")
    settings.METRICS_TOKEN, settings.EMBEDDED = TOKEN, False
    monkeypatch.setattr(replica, "is_configured", lambda: True)
    monkeypatch.setattr(replica, "found", lambda: replica.State(replica.Code.FINE, timezone.now(), 0.0))
    site._known = []
    text = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).content.decode()
    site._known = []
    told = set(OF_PROCESSES)
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        told |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    asked = {name for expr in ASKED for name in METRIC.findall(expr)}
    assert len(asked) > 20
    assert asked - told == set()


@pytest.mark.unit
def test_each_alert_says_what_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) > 10
    for rule in RULES:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "action"}
        assert METRIC.search(rule["expr"]) or rule["expr"].split("{")[0] in OF_PROMETHEUS
        assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m"))


@pytest.mark.unit
def test_the_dashboard_is_one_that_grafana_takes() -> None:
    assert (BOARD["uid"], BOARD["title"]) == ("fingertip", "指尖上的课堂")
    assert [variable["type"] for variable in BOARD["templating"]["list"]] == ["datasource"]
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) > 10
    places = set()
    for panel in BOARD["panels"]:
        assert panel["type"] in ("timeseries", "stat")
        assert panel["datasource"]["uid"] == "${source}"  # whatever the operator's is called
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        places.add((at["x"], at["y"]))
    assert len(places) == len(ids), "no panel lies on another"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian package prometheus) is not installed")
def test_prometheus_takes_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", ALERTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
