#!/bin/bash
# Resolve requirements*.in into the hashed locks, for Python 3.11 and newer. What is locked stays as it is where it still fits;
# deploy/lock.sh --upgrade takes the newest of everything.
# The locks are complete (extras kept, every platform's wheels hashed): deploy/setup.sh installs them with --no-deps.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in requirements requirements-dev requirements-node; do
  .venv/bin/uv pip compile --quiet --generate-hashes --universal --no-strip-extras --python-version 3.11 \
    --custom-compile-command "make lock" "$@" "$name.in" -o "$name.txt"
done
