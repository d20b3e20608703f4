"""``python -m bench [NAME]``: run one or all benchmarks; each prints one JSON line a figure on standard output.

Keys of a line: bench, figure, value, unit, peer, peer_value, ratio, goal, pass. Exit status 1 when a script failed (not
when a goal was missed: that is what ``pass`` says).
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEEDS_NETWORK_NAMESPACE = {"deploy", "latency", "live_engine", "meeting", "sfu", "soak"}


def main(names: list[str]) -> int:
    known = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    if unknown := set(names) - set(known):
        sys.stderr.write(f"no such bench: {', '.join(sorted(unknown))}; there are: {', '.join(known)}\n")
        return 2
    failed = 0
    for name in names or known:
        prefix = [str(HERE.parent / "tests" / "netns.sh")] if name in NEEDS_NETWORK_NAMESPACE else []
        done = subprocess.run([*prefix, sys.executable, "-m", f"bench.{name}"], cwd=HERE.parent, check=False)
        if done.returncode:
            sys.stderr.write(f"bench {name} ended with status {done.returncode}\n")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main([word for word in sys.argv[1:] if word]))
