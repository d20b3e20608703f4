#!/bin/sh
# tests/netns.sh COMMAND…: run a command in a network of its own, with 127.77.0.1 on an interface that is not loopback.
# The media engine offers no loopback addresses to browsers; everything that talks to it (tests, browser, databases) runs in here.
# Mounts made in there (a small disk that fills) are seen by nobody else. Network and mounts end with the command. Root, or a user who may make user namespaces; otherwise the machine's own address is used.
set -eu
[ $# -gt 0 ] || { echo "usage: $0 COMMAND…" >&2; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
INSIDE='ip link set lo up && ip link add media0 type veth peer name media1 && ip addr add 127.77.0.1/32 dev media0 &&
  ip link set media0 up && ip link set media1 up && export MEDIA_ICE_ADDRESSES=127.77.0.1 MEDIA_NETNS=1 && exec "$@"'
if [ "${MEDIA_NETNS:-}" = 1 ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then WAY="unshare --net --mount"; else WAY="unshare --user --map-current-user --keep-caps --net --mount"; fi
# shellcheck disable=SC2086
if command -v ip >/dev/null && $WAY sh -c "set -- true; $INSIDE" sh 2>/dev/null; then
  exec $WAY sh -c "$INSIDE" sh "$@"
fi
echo "tests/netns.sh: no network namespace here: using the machine's own address" >&2
exec "$@"
