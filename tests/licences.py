"""Licences of what the product ships with. ``python -m tests.licences`` prints docs/licences.md."""

import json
import re
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
# Weak copyleft is fine for self-hosting; strong copyleft only as a separate program.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python|LGPL|Lesser|MPL|Mozilla|HPND|CMU|Unlicense|Zlib|BlueOak|CC0|0BSD|Public Domain",
    re.I,
)
UNDECLARED = {"combine-errors": "MIT"}  # says so in its readme alone
# In the lock for other Pythons or systems, so perhaps not installed where this runs.
ELSEWHERE = {"async-timeout": "Apache-2.0", "brotlicffi": "MIT", "colorama": "BSD-3-Clause"}
PROGRAMS = [
    ("ffmpeg", "GPL-2.0-or-later (Debian's build)", "a separate program, run as a child"),
    ("janus", "GPL-3.0", "a separate program, spoken to over a socket"),
    ("bubblewrap", "LGPL-2.0-or-later", "a separate program"),
    ("fonts-noto-cjk", "OFL-1.1", "fonts for printed reports"),
    ("libpango", "LGPL-2.0-or-later", "a shared library that sets the text of printed documents"),
    ("libharfbuzz", "MIT", "a shared library that shapes that text"),
    ("espeak-ng", "GPL-3.0-or-later", "a separate program, only for the demo videos' voice"),
]


def locked(path: Path) -> list[str]:
    return sorted(match[1] for match in re.finditer(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", path.read_text(), re.M))


def licence(found: Distribution) -> str:
    """Return the licence expression, or the classifiers, or the first line of the licence field."""
    meta = found.metadata
    if expression := meta.get("License-Expression"):
        return str(expression)
    classifiers = [c.rsplit(" :: ", 1)[1] for c in meta.get_all("Classifier") or [] if c.startswith("License :: OSI")]
    if named := [c for c in classifiers if c != "OSI Approved"]:
        return " or ".join(named)
    return str(meta.get("License") or "").strip().split("\n")[0][:60]


def table() -> list[tuple[str, str, str]]:
    """Return (name, licence, kind) of every Python and npm package that reaches production."""
    rows = [
        (name, ELSEWHERE.get(name) or licence(distribution(name)), "Python")
        for name in locked(BASE_DIR / "requirements.txt")
    ]
    lock = json.loads((BASE_DIR / "frontend/package-lock.json").read_text())
    for path, package in sorted(lock["packages"].items()):
        if path and not package.get("dev") and not package.get("optional"):
            rows.append(
                (
                    path.rpartition("node_modules/")[2],
                    package.get("license") or UNDECLARED.get(path.rpartition("node_modules/")[2], ""),
                    "npm",
                )
            )
    return rows


def page() -> str:
    lines = [
        "# Third-party licences",
        "",
        "Made by `python -m tests.licences`; a test holds it equal to the locks.",
        "",
    ]
    lines += ["| package | licence | kind |", "|---|---|---|"]
    lines += [f"| {name} | {text} | {kind} |" for name, text, kind in table()]
    lines += [f"| {name} | {text} | Debian, {how} |" for name, text, how in PROGRAMS]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
