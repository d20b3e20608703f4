#!/bin/bash
# The entry of the coturn image: fill deploy/coturn.conf.in as deploy/install.sh does and go on as coturn.
#   SITE_URL   MEDIA_PUBLIC_ADDRESS, where the host stands behind one-to-one NAT   TURN_SECRET_FILE
set -euo pipefail
cd -P "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=deploy/lib.sh
. deploy/lib.sh
domain=${SITE_URL:-}
domain=${domain#https://} domain=${domain%%[:/]*}
here=$(hostname -I | tr ' ' '\n' | grep -m 1 -E '^[0-9.]+$') || die "这台主机没有 IPv4 地址。"
secret=$(cat "$TURN_SECRET_FILE")
umask 077
render deploy/coturn.conf.in DOMAIN="$domain" TURN_SECRET="$secret" LISTEN_ADDRESS="$here" \
  MEDIA_ADDRESS="$here${MEDIA_PUBLIC_ADDRESS:+$'\n'allowed-peer-ip=$MEDIA_PUBLIC_ADDRESS}" |
  grep -vx syslog > /tmp/turnserver.conf  # there is no syslog in a container
exec turnserver -c /tmp/turnserver.conf --pidfile /tmp/turnserver.pid --db /tmp/turndb --log-file stdout
