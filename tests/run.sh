#!/bin/bash
# Every test there is: first on SQLite and memory, then on PostgreSQL and Redis, then real Janus and a real browser.
# The last two run in a network namespace of their own (tests/netns.sh), for Janus skips loopback.
set -uo pipefail
cd "$(dirname "$0")/.."
pytest=".venv/bin/python -m pytest -q --durations=8"
workers=$(nproc)
VAR_DIR=$(mktemp -d) && export VAR_DIR
trap 'rm -rf "$VAR_DIR"' EXIT
failed=0
stage() {
  local name=$1; shift
  printf '\n\033[1m==> %s\033[0m\n' "$name"
  local began=$SECONDS
  "$@"; local status=$?
  printf '==> %s: %s in %s s\n' "$name" "$([ $status = 0 ] && echo passed || echo FAILED)" $((SECONDS - began))
  [ $status = 0 ] || failed=1
}
fast="not engine and not e2e"
stage "SQLite and memory" $pytest -n "$workers" -m "$fast" "$@"
stage "PostgreSQL and Redis" .venv/bin/python -m tests.services $pytest -n "$workers" -m "$fast and not unit" "$@"
stage "Real media engine" tests/netns.sh $pytest -m engine "$@"
stage "Real browser, whole product" tests/netns.sh $pytest -m e2e "$@"
exit $failed
