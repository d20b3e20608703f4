#!/bin/bash
# Every test there is: on SQLite and memory, on PostgreSQL and Redis, with real Janus and real browsers.
# tests/run.sh fast: what needs neither, on SQLite alone, without pages and what tries the installer, for the desk.
# tests/run.sh pages: the pages on PostgreSQL, too, which no other run does.
# tests/run.sh databases: what asks databases and sockets, on both; the part of the whole that needs the servers.
# Further words go to pytest.
# What talks to the engine runs in a network namespace of its own (tests/netns.sh), for Janus skips loopback.
set -uo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
pytest="$python -m pytest -q --durations=10"
# Two workers more than processors, each given a test at a time: the first tests wait for real clocks.
busy="-n $(($(nproc) + 2)) --dist loadgroup --no-loadscope-reorder"
# Every worker of every stage would compile all tests again: 15 instead of 4 seconds of processor time each.
unset PYTHONDONTWRITEBYTECODE
VAR_DIR=$(mktemp -d) && export VAR_DIR
export FAULTS=${FAULTS:-$VAR_DIR/faults}
# shellcheck disable=SC2046
trap 'kill -- $(jobs -p | sed s/^/-/) 2>/dev/null; rm -rf "$VAR_DIR"' EXIT
failed=0
# Seconds of processor time of everything that a shell has seen end so far.
used() { awk -v tick="$(getconf CLK_TCK)" '{ print int(($16 + $17) / tick) }' "/proc/$1/stat"; }
stage() {
  local name=$1; shift
  printf '\n\033[1m==> %s\033[0m\n' "$name"
  local began=$SECONDS shell=$BASHPID before
  before=$(used "$shell")
  local said=$VAR_DIR/stage.$shell
  "$@" | tee "$said"; local status=${PIPESTATUS[0]}
  [ "$status" = 0 ] || { echo "$name:"; sed -n 's/^\(FAILED\|ERROR\|MISSED\) /  &/p' "$said"; } >> "$FAULTS"
  printf '==> %s: %s in %s s, %s s of processor time\n' "$name" \
    "$([ $status = 0 ] && echo passed || echo FAILED)" $((SECONDS - began)) $(($(used "$shell") - before))
  [ $status = 0 ] || failed=1
}
unseen="not engine and not e2e and not front"
# On PostgreSQL alone: every address as everybody; bodies, headers and uploads at a real socket; questions, meetings and
# encoders over sockets; what an app does in Django's own SQL (make test-fast asks that on SQLite). On SQLite alone: pages in
# detail. On both: what has SQL of our own or ends transactions; how a room opens, counts and loses its process.
# tests/conftest.py says which test is which (ADR 71).
desk="$unseen and not fuzz and not trust"
doors=$(printf -- '--ignore=tests/realtime/test_%s.py ' guard address uploads slides removed asking meeting encoder)
if [ "${1:-}" = fast ]; then
  shift
  stage "For the desk" $pytest $busy -m "$desk and not realtime and not pages" \
    --ignore=tests/deploy --ignore=tests/config/test_setup.py "$@"
  exit $failed
fi
if [ "${1:-}" = pages ]; then
  shift
  stage "Pages on PostgreSQL" $python -m tests.services $pytest $busy -m "$unseen and pages" "$@"
  exit $failed
fi
measured=""
if [ $# = 0 ] || [ "$*" = databases ]; then  # a part of the tests reaches a part of the code
  measured="-p tests.reached"
  export REACHED=${REACHED:-$VAR_DIR/reached} && mkdir -p "$REACHED"
fi
embedded="env -u DATABASE_URL -u REDIS_URL -u PYTEST_PLUGINS"
prepared() {  # no worker waits for a template, nor compiles the tests once more
  $embedded $pytest --collect-only > "$VAR_DIR/collected" & local tests=$!
  $embedded $python -m tests.databases & local small=$!
  $python -m tests.databases && wait $small && wait $tests || { tail -n 30 "$VAR_DIR/collected"; return 1; }
}
if [ "${1:-}" = databases ]; then
  shift
  : "${DATABASE_URL:?python -m tests.services tests/run.sh databases}"
  stage "Templates of both databases" prepared
  stage "SQLite and memory" $embedded $pytest $busy -m "$desk and (alone or pages or both)" $doors $measured "$@"
  stage "PostgreSQL and Redis" $pytest $busy -m "$unseen and not alone and (commits or not pages)" $measured "$@"
  exit $failed
fi
$python -m tests.services "$0" databases "$@" || failed=1
[ -z "$measured" ] || stage "Coverage" $python -m tests.coverage "$REACHED"
alone() { tests/netns.sh $pytest "$@"; }
# Not in one worker: the player's browser keeps an event loop, the engine's tests begin their own.
whole="--dist loadfile --no-loadscope-reorder"
weighed=tests/e2e/pages/test_budgets.py
lecture=tests/e2e/pages/test_room_picture.py  # the longest
written=$(printf 'tests/e2e/pages/test_%s.py ' editor plans package factor upload)  # pages without a lecture
# What waits for browsers, phones and pictures leaves a processor idle: two lanes of about one length, each in namespaces
# of its own. Three of them, or others beside the stages above, which need both processors, were less sure (ADR 71).
players() {  # the longest first
  stage "Player, months, the whole story, films, starting and stopping, the installed site" alone -n 3 $whole \
    -m "e2e or front" tests/e2e/test_player.py tests/e2e/test_secretary_month.py tests/e2e/test_story.py \
    tests/e2e/test_run.py tests/e2e tests/front --ignore=tests/e2e/pages
  stage "Browser: rooms and what members do" alone -n 2 $whole -m e2e $lecture tests/e2e/pages/test_*.py \
    $(printf -- '--deselect %s ' $weighed $written)
}
engines() {
  stage "Media engine and its faults" alone -n 3 $whole -m "engine or e2e" tests/live tests/media
  stage "Browser: what a page weighs and whom it keeps out" alone -n 2 --maxschedchunk 1 -m e2e $weighed
  stage "Browser: what organisers write" alone -n 2 $whole -m e2e $written
}
lane() { "$@" > "$VAR_DIR/$1.log" 2>&1; exit $failed; }
set -m  # each in a group of its own, which ends with this script
running=()
for name in players engines; do
  lane $name & running+=($!)
done
for one in "${running[@]}"; do
  wait "$one" || failed=1
done
cat "$VAR_DIR"/{engines,players}.log
# Whoever reads only the end of a long log reads what failed.
[ ! -s "$FAULTS" ] || { printf '\n\033[1m==> What failed\033[0m\n'; cut -c 1-400 "$FAULTS"; }
exit $failed
