"""The operator's manual can be followed: commands, options, settings and units that it names are there."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "docs/zh/管理员.md").read_text(encoding="utf-8")
CONTAINERS = (ROOT / "docs/zh/容器.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.unit

# Names in capitals that are no settings of the product.
OTHERS = {"PIP_INDEX_URL", "MESSAGE", "READY", "PROXY"}


def test_every_command_is_there() -> None:
    named = set(re.findall(r"(?:sudo fingertip|manage\.py) ([a-z_]{3,})", MANUAL))
    assert {"import_roster", "report", "add_operator"} <= named
    assert named - set(get_commands()) == set()


def test_the_guide_to_containers_names_what_is_there() -> None:
    named = set(re.findall(r"manage ([a-z_]{3,})", CONTAINERS))
    assert {"add_operator", "backup", "doctor", "restore"} <= named
    assert named - set(get_commands()) == set()
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    rows = re.findall(r"^\| (`[^|]*) \|", CONTAINERS.split("## 里面有什么")[1].split("## ")[0], re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row)}
    assert told == set(services) - {"manage"}
    written = CONTAINERS.split("services:\n")[1].split("```")[0]
    assert set(re.findall(r"^  ([a-z0-9-]+):", written, re.MULTILINE)) <= set(services)
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    settings = {name.removesuffix("_FILE") for name in re.findall(r"^([A-Z][A-Z0-9_]+)=", CONTAINERS, re.MULTILINE)}
    assert settings
    assert settings - known == set()
    options = subprocess.run(
        [ROOT / "deploy/image/site.sh", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for line in re.findall(r"deploy/image/site\.sh ([^\n`]*)", CONTAINERS):
        assert all(option in options for option in re.findall(r"--[a-z-]+", line))


def test_every_setting_is_there() -> None:
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name.removesuffix("_FILE") for name in re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`", MANUAL)}
    assert len(named) > 5
    assert named - known - OTHERS == set()


@pytest.mark.parametrize("script", ["install.sh", "upgrade.sh"])
def test_every_option_is_there(script: str) -> None:
    said = subprocess.run([ROOT / "deploy" / script, "--help"], capture_output=True, text=True, check=True).stdout
    for text in (MANUAL, README):
        for line in text.splitlines():
            if f"deploy/{script}" in line:
                for option in re.findall(r"(?<= )--[a-z-]+", line.split(f"deploy/{script}", 1)[1].split("`")[0]):
                    assert option in said, f"{script} has no {option}"


def test_every_unit_is_there() -> None:
    units = {unit.name.split(".")[0].rstrip("@") for unit in (ROOT / "deploy/units").iterdir()}
    named = set(re.findall(r"fingertip-(?:pages|sockets|worker|beat|agent|backup|[a-z]+)(?=[@.`\s])", MANUAL))
    assert named - {"fingertip-acme", "fingertip-demo"} <= units
    assert {"fingertip-agent", "fingertip-worker"} <= named


def test_no_line_stands_twice() -> None:
    long = [line for line in MANUAL.splitlines() if len(line) > 60]
    assert [line for line in long if long.count(line) > 1 and not line.startswith("|")] == []


def test_every_picture_and_page_is_there() -> None:
    for target in re.findall(r'(?:src="|\]\()([^")#:]+)', MANUAL):
        assert (ROOT / "docs/zh" / target).exists(), target


def test_the_doctor_names_units_that_are_installed() -> None:
    units = {path.name for path in (ROOT / "deploy/units").iterdir()}
    said = "".join(path.read_text() for path in (ROOT / "config/doctor").glob("*.py"))
    named = re.findall(r"systemctl [a-z -]*?(fingertip[a-z.-]*|classroom[a-z.-]*)", said)
    assert len(named) >= 5
    assert [name for name in named if (name if "." in name else f"{name}.service") not in units] == []
