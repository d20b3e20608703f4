#!/bin/bash
# sudo deploy/image/site.sh --domain DOMAIN: the folder "site" beside compose.yaml, with settings, fresh secrets and a certificate for
# the containers. Asks nothing; run again it writes only what is missing. No secret is printed.
#   --domain D                 what members type
#   --certificate F --key F    certificate (whole chain) and key, copied; without them one is made, signed by itself
#   --public-address IP        the address that phones reach, where the host stands behind one-to-one NAT
#   --turn                     settings for coturn, too (docker compose --profile turn)
#   --folder F                 another place than ./site (the tests)
set -euo pipefail
umask 077
SOURCE=$(cd -P "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck source=deploy/lib.sh
. "$SOURCE/deploy/lib.sh"
DOMAIN='' CERTIFICATE='' KEY='' PUBLIC='' TURN=0 SITE=$SOURCE/site
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit "${1:-0}"; }
while [ $# -gt 0 ]; do
  case $1 in
    --turn) TURN=1; shift; continue ;;
    -h|--help) usage ;;
  esac
  [ $# -ge 2 ] || usage 2
  case $1 in
    --domain) DOMAIN=$2 ;;
    --certificate) CERTIFICATE=$2 ;;
    --key) KEY=$2 ;;
    --public-address) PUBLIC=$2 ;;
    --folder) SITE=$(readlink -m "$2") ;;
    *) printf '不认识 %s\n\n' "$1" >&2; usage 2 ;;
  esac
  shift 2
done
[[ $DOMAIN =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]] || die "请写明网址：sudo deploy/image/site.sh --domain 课堂的域名（中文域名写 xn-- 开头的写法）"
{ [ -n "$CERTIFICATE" ] && [ -n "$KEY" ]; } || [ -z "$CERTIFICATE$KEY" ] || die "--certificate 和 --key 要一起写。"
for file in $CERTIFICATE $KEY; do [ -r "$file" ] || die "读不了 $file"; done
[ -z "$PUBLIC" ] || [[ $PUBLIC =~ ^[0-9]+(\.[0-9]+){3}$ ]] || die "--public-address 要写一个 IPv4 地址。"

# Who reads them in the containers, by number: the product, what Debian calls www-data, and the images' postgres and redis.
APP=10001 NGINX=33 SERVERS=999
# write NAME MODE OWNER < content: once; what is there stays.
write() {
  local path=$SITE/$1
  if [ -s "$path" ]; then cat >/dev/null; return 0; fi
  mkdir -p "$(dirname "$path")"
  cat > "$path.new"
  chmod "$2" "$path.new"
  if [ "$(id -u)" = 0 ]; then chown "$3:$3" "$path.new"; fi
  mv "$path.new" "$path"
  did "$path（$2）"
}
[ "$(id -u)" = 0 ] || note "不是 root：密钥文件的所有者要另外改好，程序在容器里才读得到（docs/zh/容器.md）。"
mkdir -p "$SITE/secrets" "$SITE/tls" "$SITE/acme"
chmod 711 "$SITE" "$SITE/secrets" "$SITE/tls"; chmod 755 "$SITE/acme"
if [ "$(id -u)" = 0 ]; then install -d -m 700 -o 1000 -g 1000 "$SITE/s3"; fi
for name in secret_key phone_key metrics_token storage_secret; do fresh | write secrets/$name 400 $APP; done
fresh | write secrets/turn_secret 400 $APP
for name in postgres_password database_password redis_password; do fresh | write secrets/$name 400 $SERVERS; done
# By PostgreSQL's socket, which lies in a volume: nothing of it is on a network.
printf 'postgres://fingertip:%s@/fingertip?host=/var/run/postgresql\n' "$(cat "$SITE/secrets/database_password")" | write secrets/database_url 400 $APP
printf 'redis://:%s@redis:6399/0\n' "$(cat "$SITE/secrets/redis_password")" | write secrets/redis_url 400 $APP
printf '{"identities": [{"name": "fingertip", "credentials": [{"accessKey": "fingertip", "secretKey": "%s"}], "actions": ["Admin", "Read", "List", "Tagging", "Write"]}]}\n' \
  "$(cat "$SITE/secrets/storage_secret")" | write secrets/s3_identities 400 1000

{
  echo "# Fingertip Classroom in containers. Every key stands in .env.example; secrets are files, which compose.yaml names."
  echo "# After a change: docker compose up -d"
  echo "SITE_URL=https://$DOMAIN"
  if [ -n "$PUBLIC" ]; then echo "MEDIA_PUBLIC_ADDRESS=$PUBLIC"; fi
  if [ $TURN = 1 ]; then
    echo "TURN_URLS=turn:$DOMAIN:3478?transport=udp,turn:$DOMAIN:3478?transport=tcp"
    echo "TURN_SECRET_FILE=/run/secrets/turn_secret"
  fi
} | write env 600 "$(id -u)"

if [ -n "$CERTIFICATE" ]; then
  rm -f "$SITE/tls/certificate.pem" "$SITE/tls/key.pem"
  write tls/certificate.pem 400 $NGINX < "$CERTIFICATE"
  write tls/key.pem 400 $NGINX < "$KEY"
elif [ ! -s "$SITE/tls/certificate.pem" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 -subj "/CN=$DOMAIN" \
    -addext "subjectAltName=DNS:$DOMAIN" -keyout "$SITE/tls/made.key" -out "$SITE/tls/made.pem" 2>/dev/null
  write tls/certificate.pem 400 $NGINX < "$SITE/tls/made.pem"
  write tls/key.pem 400 $NGINX < "$SITE/tls/made.key"
  rm -f "$SITE/tls/made.key" "$SITE/tls/made.pem"
  note "证书是自签的，手机会警告；有了正式的证书，带 --certificate 和 --key 再运行一次。"
fi
if [ $CHANGED = 0 ]; then say "什么都不用写：$SITE 已经齐了。"; else say "写了 $CHANGED 个文件。请另存一份 $SITE/secrets/phone_key，和备份分开放。"; fi
