#!/bin/bash
# The entry of the nginx image: fill deploy/nginx.conf.in as deploy/install.sh does and go on as nginx, as nobody's root.
#   SITE_URL=https://…   PAGES, SOCKETS: how many processes of each there are (2)
set -euo pipefail
cd -P "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=deploy/lib.sh
. deploy/lib.sh
domain=${SITE_URL:-}
domain=${domain#https://} domain=${domain%%[:/]*}
[ -n "$domain" ] && [[ $SITE_URL == https://* ]] || die "SITE_URL 要写成 https:// 开头的网址（site/env）。"
for file in certificate.pem key.pem; do
  [ -r /run/tls/$file ] || die "没有证书：/run/tls/$file 读不了（主机上的 site/tls/$file，所有者要是 $(id -u)）。"
done
servers() {
  local n text=''
  for n in $(seq "$2"); do text+="server unix:/run/fingertip/$1-$n.sock $3; "; done
  printf '%s' "$text"
}
render deploy/nginx.conf.in DOMAIN="$domain" CODE=/opt/fingertip/current VAR=$VAR CERT=/run/tls/certificate.pem KEY=/run/tls/key.pem \
  ACME=$ACME CACHE=/tmp/stored PAGES="$(servers pages "${PAGES:-2}" 'max_conns=32 max_fails=1 fail_timeout=1s')" \
  SOCKETS="$(servers sockets "${SOCKETS:-2}" 'max_fails=1 fail_timeout=2s')" > /tmp/site.conf
exec nginx -c "$PWD/deploy/image/nginx.conf" -g 'daemon off;'
