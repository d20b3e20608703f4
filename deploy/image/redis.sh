#!/bin/sh
# The entry of Redis's container: deploy/server/redis.conf.in, filled, by standard input, so that no command line tells the
# password. Inside its container Redis listens on every address; who reaches it, compose.yaml says.
set -eu
settings=$(grep -vE '^(bind|supervised|dir|requirepass) ' /redis.conf.in | sed -e 's/@REDIS_PORT@/6399/' -e "s/@REDIS_MEMORY@/${REDIS_MEMORY_MB:-512}/")
exec redis-server - <<CONF
$settings
bind *
dir /tmp
requirepass $(cat /run/secrets/redis_password)
CONF
