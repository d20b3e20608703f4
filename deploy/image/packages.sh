#!/bin/bash
# deploy/image/packages.sh LIST… [-- NAME…]: Debian packages of these lists, or only those of them that are named, into an image.
# A name that is in none of the lists stops the build: versions and names stand in the lists alone.
#   DEBIAN_MIRROR=http://…/debian   another server than Debian's
set -euo pipefail
lists=() names=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do lists+=("$1"); shift; done
[ $# = 0 ] || shift
listed=$(grep -hv '^#' "${lists[@]}")
for name in "$@"; do
  grep -qx -- "$name" <<<"$listed" || { echo "$name is in none of ${lists[*]}" >&2; exit 1; }
  names+=("$name")
done
[ ${#names[@]} -gt 0 ] || mapfile -t names <<<"$listed"
if [ -n "${DEBIAN_MIRROR:-}" ]; then
  sed -i "s|http://deb.debian.org/debian\\b|$DEBIAN_MIRROR|" /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true
fi
apt="apt-get -q -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o Dpkg::Use-Pty=0"
export DEBIAN_FRONTEND=noninteractive
$apt update
$apt install -y --no-install-recommends "${names[@]}"
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log /var/cache/debconf/*-old
