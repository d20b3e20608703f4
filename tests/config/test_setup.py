"""Set-up lasts: a lock stays installable when newer releases exist, and a server that does not answer is named."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.unit


def wheel(folder: Path, name: str, version: str, *metadata: str) -> str:
    """Write an empty wheel of that name into a local index; return its sha256."""
    stem = f"{name.replace('-', '_')}-{version}"
    meta = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata, ""])
    files = {
        f"{stem}.dist-info/METADATA": meta,
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text)}")
    record = f"{stem}.dist-info/RECORD"
    page = folder / name
    page.mkdir(parents=True, exist_ok=True)
    target = page / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(record, "\n".join([*lines, f"{record},,", ""]))
    return hashlib.sha256(target.read_bytes()).hexdigest()


def without_pip_settings(**extra: str) -> dict[str, str]:
    """The environment without what this machine says about indexes."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_", "npm_"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, **extra}


def pinned(lock: str, name: str) -> str:
    """Return the version that a lock pins."""
    found = re.search(rf"^{name}(?:\[[^\]]*\])?==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{lock} does not pin {name}"
    return found[1]


EXTRAS = [
    ("requirements-dev.txt", "daphne", "twisted", "tls"),
    ("requirements.txt", "wagtail", "willow", "heif"),
]


def test_a_lock_stays_installable_when_newer_releases_exist(tmp_path: Path) -> None:
    """Old pips resolve the extra of a pinned package anew, take the newer release and refuse it: it has no hash."""
    index, small, wanted = tmp_path / "index", tmp_path / "lock.txt", []
    lines = []
    for lock, needs, name, extra in EXTRAS:
        version, above = pinned(lock, name), pinned(lock, needs)
        digest = wheel(index, name, version, f"Provides-Extra: {extra}")
        wheel(index, name, f"{version}.1", f"Provides-Extra: {extra}")
        needing = wheel(index, needs, above, f"Requires-Dist: {name}[{extra}]>={version}")
        # The package that needs the extra stands first: then pip 23 asks the index for it before it sees the pin.
        lines += [f"{needs}=={above} --hash=sha256:{needing}", f"{name}=={version} --hash=sha256:{digest}"]
        wanted.append(f"{name}=={version}")
    small.write_text("\n".join([*lines, ""]), encoding="utf-8")
    for page in index.iterdir():
        links = "".join(f'<a href="{file.name}">{file.name}</a>' for file in page.iterdir())
        (page / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    env = without_pip_settings(PIP_INDEX_URL=index.as_uri())
    done = subprocess.run(
        [ROOT / "deploy/install-lock.sh", python, small], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = subprocess.run([python, "-m", "pip", "freeze"], env=env, capture_output=True, text=True, check=True).stdout
    assert set(wanted) <= set(seen.splitlines())


def test_what_runs_has_no_installer_and_is_installed_again_all_the_same(tmp_path: Path) -> None:
    """Finding: the environment kept the pip and setuptools of years ago, with their known weaknesses."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python, index = tmp_path / "venv" / "bin" / "python", tmp_path / "index"
    drop = [ROOT / "deploy/drop-installers.sh", python]

    def has(name: str) -> bool:
        return subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0

    assert has("pip")
    subprocess.run(drop, check=True)
    subprocess.run(drop, check=True)  # and once more, as each set-up does
    assert not any(map(has, ("pip", "setuptools", "pkg_resources")))
    lock = tmp_path / "lock.txt"
    lock.write_text(f"thing==1 --hash=sha256:{wheel(index, 'thing', '1')}\n", encoding="utf-8")
    page = '<!DOCTYPE html><html><body><a href="thing-1-py3-none-any.whl">thing</a></body></html>'
    (index / "thing" / "index.html").write_text(page, encoding="utf-8")
    install = [ROOT / "deploy/install-lock.sh", python, lock]
    subprocess.run(install, env=without_pip_settings(PIP_INDEX_URL=index.as_uri()), check=True, capture_output=True)
    assert list((tmp_path / "venv").glob("lib/*/site-packages/thing-1.dist-info"))


def test_the_locks_keep_extras_and_fit_every_python() -> None:
    """What ``uv`` was asked for when the locks were made (deploy/lock.sh)."""
    run = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    dev = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert "willow[heif]==" in run
    assert "twisted[tls]==" in dev
    assert "; python_full_version <" in run  # universal: packages that only some Pythons need stand there with a mark


def test_a_registry_that_does_not_answer_is_named(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / "requirements.txt").write_text("nothing==1 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    env = without_pip_settings(PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1", PYTHON=sys.executable)
    done = subprocess.run(
        [tmp_path / "deploy/setup.sh", "run"], env=env, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("set-up stopped: installing Python packages failed")
    assert "PIP_INDEX_URL" in last
    assert "run the same command again" in last
