#!/bin/bash
# Every test there is: on SQLite and memory, on PostgreSQL and Redis, with real Janus and real browsers.
# tests/run.sh fast: what needs neither, on SQLite alone, without pages and what tries the installer, for the desk.
# tests/run.sh pages: the pages on PostgreSQL, too, which no other run does.
# Further words go to pytest.
# What talks to the engine runs in a network namespace of its own (tests/netns.sh), for Janus skips loopback.
set -uo pipefail
cd "$(dirname "$0")/.."
pytest=".venv/bin/python -m pytest -q --durations=10"
# Two workers more than processors, each given a test at a time: the first tests wait for real clocks.
busy="-n $(($(nproc) + 2)) --dist loadgroup --no-loadscope-reorder"
# Every worker of every stage would compile all tests again: 15 instead of 4 seconds of processor time each.
unset PYTHONDONTWRITEBYTECODE
VAR_DIR=$(mktemp -d) && export VAR_DIR
trap 'rm -rf "$VAR_DIR"' EXIT
failed=0
# Seconds of processor time of everything that a shell has seen end so far.
used() { awk -v tick="$(getconf CLK_TCK)" '{ print int(($16 + $17) / tick) }' "/proc/$1/stat"; }
stage() {
  local name=$1; shift
  printf '\n\033[1m==> %s\033[0m\n' "$name"
  local began=$SECONDS shell=$BASHPID before
  before=$(used "$shell")
  "$@"; local status=$?
  printf '==> %s: %s in %s s, %s s of processor time\n' "$name" \
    "$([ $status = 0 ] && echo passed || echo FAILED)" $((SECONDS - began)) $(($(used "$shell") - before))
  [ $status = 0 ] || failed=1
}
unseen="not engine and not e2e and not front"
# On PostgreSQL alone: every address as everybody; bodies, headers and uploads at a real socket; what two web processes do;
# what an app does in Django's own SQL (make test-fast asks that on SQLite). On SQLite alone: pages in detail. On both: what
# has SQL of our own or ends transactions. tests/conftest.py says which test is which (ADR 71).
desk="$unseen and not fuzz and not trust"
doors=$(printf -- '--ignore=tests/realtime/test_%s.py ' guard address uploads slides removed)
if [ "${1:-}" = fast ]; then
  shift
  stage "For the desk" $pytest $busy -m "$desk and not realtime and not pages" \
    --ignore=tests/deploy --ignore=tests/config/test_setup.py "$@"
  exit $failed
fi
if [ "${1:-}" = pages ]; then
  shift
  stage "Pages on PostgreSQL" .venv/bin/python -m tests.services $pytest $busy -m "$unseen and pages" "$@"
  exit $failed
fi
export REACHED="$VAR_DIR/reached"; mkdir "$REACHED"
measured=$([ $# = 0 ] && echo "-p tests.reached")  # a part of the tests reaches a part of the code
small="$desk and (alone or pages or both)"
production="$unseen and not alone and (commits or not pages)"
alone() { tests/netns.sh $pytest "$@"; }
# Not in one worker: the player's browser keeps an event loop, the engine's tests begin their own.
whole="--dist loadfile --no-loadscope-reorder"
files="-n 3 $whole"
pair="-n 2 --maxschedchunk 1"
weighed=tests/e2e/pages/test_budgets.py
lecture=tests/e2e/pages/test_room_picture.py  # the longest
stage "SQLite and memory" $pytest $busy -m "$small" $doors $measured "$@"
stage "PostgreSQL and Redis" .venv/bin/python -m tests.services $pytest $busy -m "$production" $measured "$@"
[ -z "$measured" ] || stage "Coverage" .venv/bin/python -m tests.coverage "$REACHED"
# What waits for browsers, phones and pictures leaves a processor idle: two lanes of about one length, each in namespaces
# of its own. Beside the stages above, which need both processors, they were slower and less sure.
players() {  # the longest first
  stage "Player, months, the whole story, films, starting and stopping, the installed site" alone $files \
    -m "e2e or front" tests/e2e/test_player.py tests/e2e/test_secretary_month.py tests/e2e/test_story.py \
    tests/e2e/test_run.py tests/e2e tests/front --ignore=tests/e2e/pages
  stage "Browser: every page" alone -n 2 $whole -m e2e $lecture tests/e2e/pages/test_*.py --deselect $weighed
  return $failed
}
engines() {
  stage "Media engine and its faults" alone $files -m "engine or e2e" tests/live tests/media
  stage "Browser: what a page weighs and whom it keeps out" alone $pair -m e2e $weighed
  return $failed
}
players > "$VAR_DIR/players.log" 2>&1 & beside=$!
engines || failed=1
wait $beside || failed=1
cat "$VAR_DIR/players.log"
exit $failed
