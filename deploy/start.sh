#!/bin/bash
# deploy/start.sh PART [NUMBER]: start one part of the site in the foreground, as its systemd unit or its container does.
#   pages N | sockets N | worker [QUEUE-QUEUE…] | beat | agent | backup       exec the process
#   manage COMMAND…                                          manage.py
#   answers pages N | answers sockets N                      wait until it answers (a unit's ExecStartPost)
#   healthy PART …                                           whether it works, asked once (a container's health check)
# It runs in the release that this file lies in, never in "current": a process that goes on during an upgrade must not load
# modules of the next release. Settings, secrets among them, come from .env there; in a container from its environment, which names
# the files of the secrets. No secret is in an environment or a command line.
set -euo pipefail
cd -P "$(dirname "$(readlink -f "$0")")/.."
run=${RUNTIME_DIR:-/run/fingertip}
python=$PWD/.venv/bin/python
cores=$(nproc)
# Processes for pages, one a unit and two at least (page_processes in lib.sh), and threads of each. What hashes passwords divides by
# these numbers (organizations/hashing.py).
pages=$((2 * ((cores + 1) / 2))) threads=8
setting() { if [ -n "${!1:-}" ]; then printf '%s' "${!1}"; else sed -n "s/^$1=//p" .env 2>/dev/null | head -n 1; fi; }

case ${1:-} in
  pages)
    export WEB_PROCESSES=$pages WEB_THREADS=$threads
    rm -f "$run/pages-$2.sock"
    exec "$python" -m granian --interface wsgi --workers 1 --blocking-threads "$threads" --backlog 2048 --no-ws \
      --uds "$run/pages-$2.sock" --uds-permissions 432 --respawn-failed-workers --workers-kill-timeout 30 --log-level warning config.wsgi:application ;;
  sockets)
    export WEB_PROCESSES=$((pages + cores))
    exec "$python" -m uvicorn config.asgi:application --uds "$run/sockets-$2.sock" --ws websockets-sansio \
      --ws-per-message-deflate false --ws-max-size 81920 --log-level warning --no-access-log --no-proxy-headers \
      --timeout-graceful-shutdown 10 --lifespan on ;;
  worker)
    # evidence, media, reports, messages (config/queues.py): what is named here, or WORKER_QUEUES in .env, or all of them.
    queues=$(tr -s -- '-, ' ',' <<<"${2:-$(setting WORKER_QUEUES)}")
    queues=${queues:-evidence,media,reports,messages}
    for queue in ${queues//,/ }; do
      case $queue in evidence|media|reports|messages) ;; *) echo "no such queue: $queue (evidence, media, reports, messages)" >&2; exit 2 ;; esac
    done
    # What releases without kinds left in "celery" is done with the evidence.
    [[ ,$queues, != *,evidence,* ]] || queues+=,celery
    # Gossip and mingle are talk between workers that nobody needs, and end in a traceback when Redis goes.
    exec "$python" -m celery -A config worker --concurrency "$((cores > 2 ? cores : 2))" --loglevel WARNING -O fair --without-gossip --without-mingle \
      -Q "$queues" -n "${queues//,/-}@%h" ;;
  beat) exec "$python" -m celery -A config beat -s "$(setting VAR_DIR)/beat.db" --pidfile= --loglevel WARNING ;;
  agent) exec "$python" manage.py media_agent ;;
  backup) exec "$python" manage.py backup ;;
  manage) shift; exec "$python" manage.py "$@" ;;
  answers)
    socket=$run/$2-$3.sock
    for _ in $(seq 120); do
      if curl -sf -o /dev/null --max-time 2 --unix-socket "$socket" http://localhost/healthz; then exit 0; fi
      sleep 0.5
    done
    echo "$socket does not answer" >&2
    exit 1 ;;
  healthy) shift; exec "$python" deploy/image/healthy.py "$@" ;;
  *) echo "usage: $0 pages N | sockets N | worker [QUEUE-QUEUE...] | beat | agent | backup | manage COMMAND... | answers pages N | healthy PART" >&2; exit 2 ;;
esac
