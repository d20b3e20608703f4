"""The Dockerfile as stages and steps: as much of its language as ours uses, for the rehearsal and tests/deploy."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "RUN", "USER", "WORKDIR"}


@dataclass
class Stage:
    """``base``: an image or another stage's name. ``steps``: (instruction, its words) in their order."""

    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, instruction: str) -> str:
        """What the last such instruction says; "" where there is none."""
        return next((words for name, words in reversed(self.steps) if name == instruction), "")


def stages(path: Path = ROOT / "Dockerfile") -> dict[str, Stage]:
    """Return the stages by name, in their order. Raises ValueError for what this reader does not know."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: dict[str, Stage] = {}
    given: dict[str, str] = {}
    stage: Stage | None = None
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if not line.strip():
            continue
        instruction, words = line.strip().split(None, 1)
        if instruction == "FROM":
            base, _as, name = words.split()
            stage = found[name] = Stage(name, re.sub(r"\$\{(\w+)\}", lambda match: given[match[1]], base))
        elif instruction not in KNOWN:
            raise ValueError(f"{instruction} is not known here")
        elif stage is None:
            name, _is, value = words.partition("=")
            given[name] = value
        else:
            stage.steps.append((instruction, words))
    return found


def words_of(value: str) -> list[str]:
    """ENTRYPOINT's and CMD's words; only the form that starts no shell is taken."""
    words: list[str] = json.loads(value) if value else []
    return words


def base_of(stage: Stage, among: dict[str, Stage]) -> str:
    """The image under it, at the end of the chain."""
    while stage.base in among:
        stage = among[stage.base]
    return stage.base
