"""Templates read like pages: no long line, no attributes aligned under the first one. djhtml keeps the indentation.

``python -m tests.templates APP…`` names each line that does not and fails.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

LONGEST = 140
# A tag that goes on in the next line although it has an attribute already: djhtml would align what follows with that.
GOES_ON = re.compile(r"<[a-z][\w.-]*\s+[^<>]*$")
WITHIN = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}")
COMMENT = re.compile(r"{%\s*comment\b.*?endcomment\s*%}", re.DOTALL)


def mistakes(text: str) -> Iterator[tuple[int, str]]:
    """Return the number of each bad line and what is wrong with it."""
    shown = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    for number, (line, drawn) in enumerate(zip(text.split("\n"), shown.split("\n"), strict=True), start=1):
        if len(line) > LONGEST:
            yield number, f"{len(line)} characters, {LONGEST} are enough"
        if GOES_ON.search(WITHIN.sub("", drawn)):
            yield number, "a tag of several lines breaks after its name"


def main(apps: list[str]) -> int:
    found = [
        f"{path}:{number}: {what}"
        for app in apps
        for path in sorted(Path(app).rglob("*.html"))
        for number, what in mistakes(path.read_text(encoding="utf-8"))
    ]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
