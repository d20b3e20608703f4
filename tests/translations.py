"""``python -m tests.translations``: English is complete and knows every string. Exit status 1 otherwise."""

import subprocess
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
CATALOGUE = BASE_DIR / "locale/en/LC_MESSAGES/django.po"
IGNORED = ["node_modules/*", ".venv/*", "var/*", "tests/*", "bench/*", "frontend/*", "static/*", "staticfiles/*"]


def gettext(tool: str, *argv: str, text: str | None = None) -> str:
    done = subprocess.run([tool, *argv], input=text, capture_output=True, text=True, check=True)
    return done.stdout


def msgids(po: str) -> set[str]:
    """Return the message ids of a catalogue, each as gettext prints it on one line."""
    found, current = set(), None
    for line in gettext("msgattrib", "--no-obsolete", "--no-wrap", "-", text=po).splitlines():
        if line.startswith("msgid "):
            current = line[6:]
        elif current is not None and line.startswith('"'):
            current += line
        elif current is not None:
            found.add(current)
            current = None
    return found - {'""'}


def fresh_catalogue() -> str:
    """Return what ``make messages`` would write now; the file itself is put back."""
    before = CATALOGUE.read_bytes()
    try:
        command = [sys.executable, "manage.py", "makemessages", "--locale", "en", "--no-obsolete", "--verbosity", "0"]
        command += [word for pattern in IGNORED for word in ("--ignore", pattern)]
        subprocess.run(command, cwd=BASE_DIR, check=True, capture_output=True)
        return CATALOGUE.read_text(encoding="utf-8")
    finally:
        CATALOGUE.write_bytes(before)


def main() -> int:
    written = CATALOGUE.read_text(encoding="utf-8")
    gettext("msgfmt", "--check-format", "-o", "/dev/null", str(CATALOGUE))
    wanting = {
        "not collected (make messages)": msgids(fresh_catalogue()) - msgids(written),
        "not translated": msgids(gettext("msgattrib", "--untranslated", "--no-wrap", str(CATALOGUE))),
        "fuzzy": msgids(gettext("msgattrib", "--only-fuzzy", "--no-wrap", str(CATALOGUE))),
    }
    for what, strings in wanting.items():
        for string in sorted(strings):
            sys.stdout.write(f"{what}: {string}\n")
    return 1 if any(wanting.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
