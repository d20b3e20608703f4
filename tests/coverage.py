"""What the tests on SQLite and those on PostgreSQL reached together: ``python -m tests.coverage FOLDER`` after
``pytest -p tests.reached``.

Every branch of each ``core/``, which its unit tests reach alone; of operations and of the rest a floor, printed beside
what was reached so that it can be raised to it.
"""

import json
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import slipcover

# (what, its files, the least that must be reached in percent of lines and branches together); the first that fits.
GROUPS: list[tuple[str, tuple[str, ...], int]] = [
    ("core", ("*/core/*",), 100),
    ("operations", ("*/operations/*", "*/operations.py"), 100),
    ("the rest", ("*",), 80),
]


def percentages(files: dict[str, dict[str, int]]) -> dict[str, tuple[float, list[str]]]:
    """By group: how much was reached, and the files that were not reached in full."""
    held: dict[str, list[tuple[str, dict[str, int]]]] = {name: [] for name, _patterns, _floor in GROUPS}
    for path, seen in files.items():
        group = next(name for name, patterns, _floor in GROUPS if any(fnmatch(path, one) for one in patterns))
        held[group].append((path, seen))
    found = {}
    for name, rows in held.items():
        got = sum(seen["covered_lines"] + seen["covered_branches"] for _path, seen in rows)
        whole = got + sum(missing(seen) for _path, seen in rows)
        found[name] = (100 * got / whole if whole else 0.0, [path for path, seen in rows if missing(seen)])
    return found


def missing(seen: dict[str, int]) -> int:
    return seen["missing_lines"] + seen["missing_branches"]


def verdict(files: dict[str, dict[str, int]]) -> list[str]:
    """A sentence for each group that is below its floor."""
    found, wrong = percentages(files), []
    for name, _patterns, floor in GROUPS:
        percent, unfinished = found[name]
        if percent < floor:
            few = ", ".join(f"{path} ({missing(files[path])})" for path in sorted(unfinished)[:20])
            wrong.append(f"MISSED {name}: {percent:.2f} % is less than {floor} %: {few}")
    return wrong


def places(path: str, seen: dict[str, Any]) -> str:
    """The lines of a file that nobody reached, and the jumps from a line to a line (0: out of the function)."""
    jumps = [f"{start}->{end}" for start, end in seen["missing_branches"]]
    return f"MISSED {path}: {', '.join([*map(str, seen['missing_lines']), *jumps])}"


def merged(folder: Path) -> dict[str, Any]:
    """What all processes reached together."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        if found:
            slipcover.merge_coverage(found, one)
        else:
            found = one
    return found


def main() -> int:
    whole = merged(Path(sys.argv[1]))["files"]
    files = {path: one["summary"] for path, one in whole.items()}
    wrong = verdict(files)
    for name, (percent, unfinished) in percentages(files).items():
        floor = next(least for group, _patterns, least in GROUPS if group == name)
        sys.stdout.write(f"  {percent:6.2f} %  {name} (at least {floor} %; {len(unfinished)} files not in full)\n")
        if floor == 100 and percent < floor:
            wrong += [places(path, whole[path]) for path in sorted(unfinished)[:20]]
    sys.stdout.write("".join(f"{one}\n" for one in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
