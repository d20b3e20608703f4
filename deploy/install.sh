#!/bin/bash
# sudo deploy/install.sh --domain DOMAIN: a bare Debian 12 becomes a site for real people. Asks nothing; run again it changes
# nothing that is right, and says so. What it prints is for the county's person, in Chinese; no secret is ever printed.
#
#   --domain D                 what members type (a name, or an IPv4 address)
#   --certificate F --key F    certificate (whole chain) and key; without them one is made, signed by itself
#   --organisation NAME --operator PHONE --name NAME    the top of the tree and its first operator, with a one-time link to sign in
#   --sms-file F               lines SMS_…=… for the settings (a file, so that its keys stand in no process list)
#   --public-address IP        the address that phones reach, where the machine stands behind one-to-one NAT
#   --no-turn, --turn          without coturn, or with it again
#   --dir /opt/fingertip       where the code goes
# Several hosts (docs/zh/管理员.md, "几台机器"):
#   --parts A,B                what this host is there for, of stores (PostgreSQL, Redis), pages, worker or worker@QUEUE, beat, media
#   --from FOLDER              a copy of /etc/fingertip of a host that is there: this one gets its settings and secrets
#   --private-address IP       this host in the private network: PostgreSQL, Redis and what is on air here are reached there,
#   --peers "IP IP"            by these hosts (or networks, 10.0.0.0/24)
#   --stage packages|files     only that part, with what the first run was told (deploy/upgrade.sh)
#   --dry-run                  only say what would be done
#   --render FOLDER            only write the files that would be written, under FOLDER, as anybody (the tests)
set -euo pipefail
umask 077
SOURCE=$(cd -P "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=deploy/lib.sh
. "$SOURCE/deploy/lib.sh"

DOMAIN='' CERTIFICATE='' KEY='' ORGANISATION='' OPERATOR='' OPERATOR_NAME='' SMS_FILE='' PUBLIC='' PUBLIC_SAID=0 TURN=1 DIR=/opt/fingertip RENDER=0 STAGE=''
TURN_SAID=0 PARTS=$EVERYTHING PRIVATE='' PEERS='' FROM=''
# What the first run was told holds until somebody says otherwise.
if [ -r $ETC/install.conf ]; then . $ETC/install.conf; fi
PRIVATE_BEFORE=${PRIVATE:-127.0.0.1}
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit "${1:-0}"; }
while [ $# -gt 0 ]; do
  case $1 in
    --no-turn) TURN=0 TURN_SAID=1; shift; continue ;;
    --turn) TURN=1 TURN_SAID=1; shift; continue ;;
    --dry-run) DRY_RUN=1; shift; continue ;;
    -h|--help) usage ;;
  esac
  [ $# -ge 2 ] || usage 2
  case $1 in
    --domain) DOMAIN=$2 ;;
    --certificate) CERTIFICATE=$(readlink -m "$2") ;;
    --key) KEY=$(readlink -m "$2") ;;
    --organisation) ORGANISATION=$2 ;;
    --operator) OPERATOR=$2 ;;
    --name) OPERATOR_NAME=$2 ;;
    --sms-file) SMS_FILE=$(readlink -m "$2") ;;
    --public-address) PUBLIC=$2 PUBLIC_SAID=1 ;;
    --dir) DIR=$(readlink -m "$2") ;;
    --parts) PARTS=$2 ;;
    --from) FROM=$(readlink -m "$2") ;;
    --private-address) PRIVATE=$2 ;;
    --peers) PEERS=$2 ;;
    --stage) STAGE=$2 ;;
    --render) RENDER=1; ROOT=$(readlink -m "$2"); mkdir -p "$ROOT" ;;
    *) printf '不认识 %s\n\n' "$1" >&2; usage 2 ;;
  esac
  shift 2
done

memory_mb() { awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo; }
ours() { [ -e "$ROOT$ETC/env" ]; }
systemd_runs() { [ -d /run/systemd/system ]; }
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# --- 1 Checks: everything that can be known is known before anything is changed -------------------------------------------
check_words() {
  # A host that joins others has no TURN server of its own.
  if [ -n "$FROM" ] && ! ours && [ "$TURN_SAID" = 0 ]; then TURN=2; fi
  local label='[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
  [ -n "$DOMAIN" ] || die "请写明网址：sudo deploy/install.sh --domain 课堂的域名"
  # A Chinese name as name servers know it (IDNA); what is none stays, and is refused below.
  case $DOMAIN in *[!\ -~]*) DOMAIN=$(python3 -c 'import sys; print(sys.argv[1].encode("idna").decode())' "$DOMAIN" 2>/dev/null || echo "$DOMAIN") ;; esac
  [[ $DOMAIN =~ ^$label(\.$label)+$ && ${#DOMAIN} -le 253 ]] || die "--domain $DOMAIN 不是域名。只写域名，例如 ketang.example.cn，不写 https:// 和路径。"
  DOMAIN=${DOMAIN,,}
  { [ -n "$CERTIFICATE" ] && [ -n "$KEY" ]; } || [ -z "$CERTIFICATE$KEY" ] || die "--certificate 和 --key 要一起写。"
  [ -z "$OPERATOR$ORGANISATION" ] || { [ -n "$OPERATOR" ] && [ -n "$OPERATOR_NAME" ]; } || die "第一个管理员要写 --operator 手机号 和 --name 姓名（还没有组织时再写 --organisation 最高层组织的名称）。"
  [[ $DIR =~ ^/[A-Za-z0-9._/-]+$ && $DIR != / ]] || die "--dir 要写完整的路径，只用字母、数字、点和横线。"
  [ -z "$PUBLIC" ] || [[ $PUBLIC =~ ^[0-9]+(\.[0-9]+){3}$ ]] || die "--public-address 要写一个 IPv4 地址。"
  check_hosts
  if [ -n "$SMS_FILE" ]; then
    [ -r "$SMS_FILE" ] || die "读不到 --sms-file $SMS_FILE"
    if grep -vE '^(#.*)?$|^SMS_[A-Z_]+=' "$SMS_FILE" | grep -q .; then die "--sms-file 里只能有 SMS_ 开头的设置，一行一个，等号两边没有空格。"; fi
  fi
}

# is_local FILE: whether the address in it is this machine's own, which another host cannot use.
is_local() { grep -qE '@(127\.|localhost|\[::1\])' "$1" 2>/dev/null; }

check_hosts() {
  local name ip='[0-9]+(\.[0-9]+){3}'
  PARTS=${PARTS// /}
  for name in ${PARTS//,/ }; do
    [[ $name =~ ^(stores|pages|worker|beat|media|worker@(evidence|media|reports|messages)(-(evidence|media|reports|messages))*)$ ]] ||
      die "--parts 里的 $name 不认识。能写的有 stores、pages、worker、worker@队名、beat、media，用逗号分开。"
  done
  [ -n "${PARTS//,/}" ] || die "--parts 里至少写一样。"
  [ -z "$PRIVATE" ] || [[ $PRIVATE =~ ^$ip$ ]] || die "--private-address 要写这台机器在内网的一个 IPv4 地址。"
  for name in $PEERS; do
    [[ $name =~ ^$ip(/[0-9]+)?$ ]] || die "--peers 要写其他主机的内网 IPv4 地址或网段，用空格分开，例如 \"10.0.0.12 10.0.0.13\"。"
  done
  if [ -n "$PRIVATE" ] && [ -z "$PEERS" ]; then die "写了 --private-address，就要用 --peers 写明哪些主机可以连过来。"; fi
  if [ -n "$FROM" ]; then
    for name in env secret_key phone_key database_url redis_url; do
      [ -r "$FROM/$name" ] || die "--from $FROM 里没有 $name。要写另一台主机的 /etc/fingertip 的拷贝。"
    done
  fi
  part stores || { [ -z "$FROM" ] && ! ours; } || for name in database_url redis_url; do
    if is_local "$(! ours && echo "$FROM" || echo "$ROOT$ETC")/$name"; then
      die "$name 里写的是 127.0.0.1，只有放 PostgreSQL 和 Redis 的那一台自己能用。先在那一台运行 sudo deploy/install.sh --private-address 它的内网地址 --peers \"其他主机的内网地址\"，再把它的 $name 拷过来。"
    fi
  done
  if [ -n "$FROM" ] && part media && [ "$RENDER" = 0 ] && ! ours && grep -qx "MEDIA_NODE=$(hostname -s)" "$FROM/env"; then
    die "这台主机也叫 $(hostname -s)，和另一台媒体主机同名。先改一个名字：sudo hostnamectl set-hostname 新名字"
  fi
  part stores || [ -n "$FROM" ] || ours || die "没有 stores 的主机要用 --from 写明另一台主机的设置。"
}

check_certificate() {
  [ -n "$CERTIFICATE" ] || return 0
  { [ -r "$CERTIFICATE" ] && [ -r "$KEY" ]; } || die "读不到证书 $CERTIFICATE 或私钥 $KEY"
  command -v openssl >/dev/null || return 0  # looked at again once it is installed
  openssl x509 -in "$CERTIFICATE" -noout -checkend 86400 >/dev/null || die "证书 $CERTIFICATE 已经过期，或者一天之内就要过期。"
  openssl x509 -in "$CERTIFICATE" -noout -checkhost "$DOMAIN" | grep -q 'does match' || die "证书 $CERTIFICATE 不是给 $DOMAIN 的。"
  [ "$(openssl x509 -in "$CERTIFICATE" -noout -pubkey)" = "$(openssl pkey -in "$KEY" -pubout 2>/dev/null)" ] || die "私钥 $KEY 和证书 $CERTIFICATE 不是一对。"
}

check_machine() {
  [ "$(id -u)" = 0 ] || die "要用 root 运行：sudo deploy/install.sh …"
  # shellcheck disable=SC1091
  [ "$(. /etc/os-release && echo "$ID-$VERSION_ID")" = debian-12 ] || die "这台机器不是 Debian 12。只在 Debian 12 上试过，别的系统不装。"
  systemd_runs || die "这里没有运行 systemd（容器？），没有它不能装。"
  [ "$(memory_mb)" -ge 1800 ] || die "内存只有 $(memory_mb) MB，至少要 2 GB（一个县建议 8 GB）。"
  local free; free=$(df -Pm /var /opt | awk 'NR > 1 && (NR == 2 || $4 < least) {least = $4} END {print least}')
  [ "$free" -ge 8000 ] || ours || die "/var 或 /opt 只剩 $free MB，至少要 8 GB（录像另算，每小时约 0.5 GB）。"
  ours && return 0
  local port taken=''
  for port in 80 443 "$REDIS_PORT"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then taken="$taken $port"; fi
  done
  [ -z "$taken" ] || die "端口$taken 已经有别的程序在用。请先停掉它（常见的是 apache2 或另一个 nginx），再运行一次。"
}

# --- 2 Debian packages ------------------------------------------------------------------------------------------------
install_packages() {
  local wanted missing='' package had_redis=0 policy=/usr/sbin/policy-rc.d held=''
  installed redis-server && had_redis=1
  wanted=$(grep -hv '^#' "$SOURCE"/deploy/packages{,-app,-server}.txt)
  for package in $wanted; do
    case $package in
      coturn) [ "$TURN" = 1 ] || continue ;;
      postgresql|redis-server) part stores || continue ;;
      nginx-light) serves || continue ;;
    esac
    installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$DRY_RUN" = 1 ]; then did "将安装 Debian 包：$missing"; return 0; fi
  say "安装 Debian 包：$missing"
  # Debian's janus would start a demonstration server with a known secret, redis-server an open instance: neither starts, ever.
  mkdir -p /etc/systemd/system
  [ -e /etc/systemd/system/janus.service ] || ln -s /dev/null /etc/systemd/system/janus.service
  [ "$had_redis" = 1 ] || [ -e /etc/systemd/system/redis-server.service ] || ln -s /dev/null /etc/systemd/system/redis-server.service
  if [ ! -e $policy ]; then held=1; (umask 022; printf '#!/bin/sh\nexit 101\n' > $policy; chmod +x $policy); fi
  local apt="env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o Dpkg::Use-Pty=0" rc=0
  # shellcheck disable=SC2086
  { (umask 022; $apt update && $apt install -y --no-install-recommends $missing) >"$LOG" 2>&1; } || rc=$?
  [ -z "$held" ] || rm -f $policy
  [ $rc = 0 ] || { tail -n 15 "$LOG" >&2; die "Debian 包没有装好（最后几行在上面）。请检查网络和 /etc/apt/sources.list，再运行一次。"; }
  did "Debian 包：$missing"
}

# --- 3 Who it runs as, and where its things lie -----------------------------------------------------------------------------
make_user() {
  owns || return 0
  if ! getent passwd "$USER_NAME" >/dev/null; then
    if [ "$DRY_RUN" = 1 ]; then did "将建立系统用户 $USER_NAME"; return 0; fi
    useradd --system --user-group --home-dir $VAR --no-create-home --shell /usr/sbin/nologin "$USER_NAME"
    did "系统用户 $USER_NAME"
  fi
  # A member of nginx's group may give it files; nginx is no member of the service's own group.
  if ! id -nG "$USER_NAME" | grep -qw www-data; then usermod -aG www-data "$USER_NAME"; did "用户 $USER_NAME 加入 www-data"; fi
}

make_folders() {
  folder $ETC 750 root:$USER_NAME
  folder $ETC/tls 700 root:root
  # nginx may pass through to the media, which its group may read, and see nothing else (FILES_GROUP).
  if knows FILES_GROUP; then folder $VAR 710 $USER_NAME:www-data; else folder $VAR 700 $USER_NAME:$USER_NAME; fi
  # A folder that the operator chose and made is the operator's.
  if [ "$BACKUPS" = "$DEFAULT_BACKUPS" ] || [ ! -d "$ROOT$BACKUPS" ]; then folder "$BACKUPS" 700 $USER_NAME:$USER_NAME; fi
  folder $ACME 755 root:root
}

# The settings and secrets of the site's other hosts, once: but not what is a host's own. A TURN server is that of the first host.
take_settings() {
  if [ -z "$FROM" ] || ours; then return 0; fi
  local file name
  for file in "$FROM"/*; do
    name=${file##*/}
    case $name in env|install.conf) continue ;; database_url|redis_url) if part stores; then continue; fi ;; esac
    [ ! -f "$file" ] || put "$ETC/$name" 600 $USER_NAME:$USER_NAME <"$file"
  done
  for name in certificate key; do
    if part pages && [ -z "$CERTIFICATE" ] && [ -f "$FROM/tls/$name.pem" ]; then put "$ETC/tls/$name.pem" 600 root:root <"$FROM/tls/$name.pem"; fi
  done
  grep -vE '^(WORKER_QUEUES|MEDIA_NODE|MEDIA_NODE_ADDRESS|MEDIA_ICE_ADDRESSES|MEDIA_PUBLIC_ADDRESS)=' "$FROM/env" | put $ETC/env 600 $USER_NAME:$USER_NAME
}

# secret NAME: a fresh secret in a file of its own, once.
secret() {
  [ -s "$ROOT$ETC/$1" ] && return 0
  fresh | put "$ETC/$1" 600 $USER_NAME:$USER_NAME
}

# PostgreSQL, Redis and nginx listen at the private address, which may come a moment after them when the machine starts.
write_network() {
  local mark=$CHANGED file=/etc/sysctl.d/60-fingertip.conf
  [ -n "$PRIVATE" ] || return 0
  put $file 644 root:root <<<"net.ipv4.ip_nonlocal_bind = 1"
  if [ "$mark" = "$CHANGED" ] || [ "$DRY_RUN" = 1 ] || [ "$RENDER" = 1 ]; then return 0; fi
  sysctl -q -p "$file" 2>/dev/null || note "没能让内核接受还没有的地址（sysctl -p $file）：开机以后请看 PostgreSQL 和 Redis 起来没有。"
}

# --- 4 Database and Redis: own roles, random passwords, on this machine alone ------------------------------------------------
psql_as_postgres() { (cd / && setpriv --reuid postgres --regid postgres --init-groups psql -qAtX -v ON_ERROR_STOP=1 "$@"); }

write_database_settings() {
  local memory; memory=$(memory_mb)
  render "$SOURCE/deploy/server/postgresql.conf.in" PG_CONNECTIONS=$((100 + 50 * $(cores))) PG_BUFFERS=$((memory / 5)) PG_CACHE=$((memory / 2)) \
    PG_LISTEN="${PRIVATE:+listen_addresses = 'localhost, $PRIVATE'}" | sed '/^$/d' |
    put "/etc/postgresql/15/main/conf.d/fingertip.conf" 644 postgres:postgres
  [ -s "$ROOT$ETC/database_url" ] || printf 'postgres://fingertip:%s@127.0.0.1:5432/fingertip\n' "$(fresh)" | put $ETC/database_url 600 $USER_NAME:$USER_NAME
  write_database_rights
}

# Who may ask PostgreSQL from the private network, with TLS and the password; what others wrote into pg_hba.conf stays.
write_database_rights() {
  local hba=/etc/postgresql/15/main/pg_hba.conf peer before url
  before=$(grep -v '# fingertip$' "$ROOT$hba" 2>/dev/null || true)
  [ -n "$PRIVATE" ] || grep -q '# fingertip$' "$ROOT$hba" 2>/dev/null || return 0
  {
    printf '%s\n' "$before"
    for peer in ${PRIVATE:+$PRIVATE $PEERS}; do
      [[ $peer == */* ]] || peer+=/32
      printf 'hostssl all fingertip %s scram-sha-256 # fingertip\n' "$peer"
    done
  } | put $hba 640 postgres:postgres
  url=$(sed -nE "s#@(127[.]0[.]0[.]1:5432/fingertip|${PRIVATE_BEFORE//./[.]}:5432/fingertip[?]sslmode=require)\$#@$PRIVATE:5432/fingertip?sslmode=require#p" \
    "$ROOT$ETC/database_url" 2>/dev/null || true)
  if [ -n "$PRIVATE" ] && [ -n "$url" ]; then put $ETC/database_url 600 $USER_NAME:$USER_NAME <<<"$url"; fi
}

# Debian's package makes the cluster; what kept it from that (a full disk, a locale) is told here and not by psql.
check_cluster() {
  if ! part stores || [ "$DRY_RUN" = 1 ] || [ -f /etc/postgresql/15/main/postgresql.conf ]; then return 0; fi
  die "Debian 的包没有建好 PostgreSQL 的数据目录（15 main）。运行 pg_createcluster 15 main，它会说原因（多半是磁盘满了或者权限不对）；建好以后再运行一次。"
}

make_database() {
  local password
  [ "$DRY_RUN" = 0 ] || { did "将建立 PostgreSQL 的用户和数据库 fingertip"; return 0; }
  systemctl enable -q postgresql
  if [ "$DATABASE_CHANGED" = 1 ]; then systemctl restart postgresql; else systemctl start postgresql; fi
  for _ in $(seq 60); do psql_as_postgres -c 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.5; done
  psql_as_postgres -c 'SELECT 1' >/dev/null 2>"$LOG" || { cat "$LOG" >&2; die "PostgreSQL 没有应答（原因在上面）：pg_lsclusters，journalctl -u postgresql@15-main -n 50。"; }
  if [ -z "$(psql_as_postgres -c "SELECT 1 FROM pg_roles WHERE rolname = 'fingertip'")" ]; then
    password=$(sed -n 's|^postgres://fingertip:\([^@]*\)@.*|\1|p' $ETC/database_url)
    # CREATEDB: a trial restore makes a database of its own. By standard input: neither in the process list nor in the server's log.
    psql_as_postgres <<<"SET log_min_duration_statement = -1; SET log_min_error_statement = panic; SET password_encryption = 'scram-sha-256';
      CREATE ROLE fingertip LOGIN NOSUPERUSER CREATEDB NOCREATEROLE PASSWORD '$password';"
    did "PostgreSQL 用户 fingertip"
  fi
  if [ -z "$(psql_as_postgres -c "SELECT 1 FROM pg_database WHERE datname = 'fingertip'")" ]; then
    psql_as_postgres -c "CREATE DATABASE fingertip OWNER fingertip ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0"
    psql_as_postgres -c "REVOKE ALL ON DATABASE fingertip FROM PUBLIC"
    did "PostgreSQL 数据库 fingertip（C.UTF-8）"
  fi
}

write_redis() {
  local password memory
  password=$(sed -n 's|^redis://:\([^@]*\)@.*|\1|p' "$ROOT$ETC/redis_url" 2>/dev/null || true)
  if [ -z "$password" ]; then
    password=$(fresh)
    printf 'redis://:%s@127.0.0.1:%s/0\n' "$password" "$REDIS_PORT" | put $ETC/redis_url 600 $USER_NAME:$USER_NAME
  fi
  if [ -n "$PRIVATE" ] && [ -f "$ROOT$ETC/redis_url" ]; then
    sed -E "s#@(127[.]0[.]0[.]1|${PRIVATE_BEFORE//./[.]}):#@$PRIVATE:#" "$ROOT$ETC/redis_url" | put $ETC/redis_url 600 $USER_NAME:$USER_NAME
  fi
  memory=$(($(memory_mb) / 8)); [ $memory -le 2048 ] || memory=2048
  render "$SOURCE/deploy/server/redis.conf.in" REDIS_PORT="$REDIS_PORT" REDIS_PASSWORD="$password" REDIS_MEMORY="$memory" \
    REDIS_BIND="127.0.0.1${PRIVATE:+ $PRIVATE}" |
    put /etc/redis/redis-fingertip.conf 640 redis:redis
}

# Before the tables: what is published on the way asks the cache.
make_redis() {
  [ "$DRY_RUN" = 0 ] || return 0
  systemctl enable -q redis-server@fingertip.service
  start_or_again redis-server@fingertip.service "$REDIS_CHANGED"
}

# --- 5 Settings --------------------------------------------------------------------------------------------------------
write_settings() {
  local text line before
  before=$(env_value SITE_URL); before=${before#https://}
  if ours; then text=$(cat "$ROOT$ETC/env"); text=$(env_with SITE_URL "https://$DOMAIN" <<<"$text")
  else text=$(render "$SOURCE/deploy/server/env.in" DOMAIN="$DOMAIN" VAR=$VAR ETC=$ETC); fi
  if [ -n "$PUBLIC" ] && { [ "$PUBLIC_SAID" = 1 ] || ! env_has MEDIA_PUBLIC_ADDRESS; }; then
    text=$(env_with MEDIA_PUBLIC_ADDRESS "$PUBLIC" <<<"$text")
  fi
  # coturn's address follows the site's; an address of somebody else's TURN server stays.
  if [ -n "$before" ] && [ "$(env_value TURN_URLS)" = "$(turn_urls "$before")" ]; then
    if [ "$TURN" = 1 ]; then text=$(env_with TURN_URLS "$(turn_urls "$DOMAIN")" <<<"$text")
    elif [ "$TURN" = 0 ] && [ "$(env_value TURN_SECRET_FILE)" = $ETC/turn_secret ]; then text=$(env_without TURN_URLS <<<"$text" | env_without TURN_SECRET_FILE); fi
  fi
  while IFS= read -r line; do  # only what is missing: what the operator changed stays
    if [ -n "$line" ] && ! grep -q "^${line%%=*}=" <<<"$text"; then text=$(env_with "${line%%=*}" "${line#*=}" <<<"$text"); fi
  done < <(extra_settings "$text")
  while IFS= read -r line; do  # whole lines: a key of a provider may end with "="
    [ -z "$line" ] || text=$(env_with "${line%%=*}" "${line#*=}" <<<"$text")
  done < <([ -z "$SMS_FILE" ] || grep -E '^SMS_' "$SMS_FILE")
  put $ETC/env 600 $USER_NAME:$USER_NAME <<<"$text"
}

knows() { grep -qE "^#?${1%_FILE}=" "$SOURCE/.env.example"; }
turn_urls() { printf 'turn:%s:3478?transport=udp,turn:%s:3478?transport=tcp' "$1" "$1"; }

# extra_settings TEXT: settings that other files here decide; only those that the product of this release reads.
extra_settings() {
  local line
  while IFS= read -r line; do
    if knows "${line%%=*}"; then printf '%s\n' "$line"; fi
  done <<<"FILES_GROUP=www-data
MEDIA_ACCEL_PREFIX=/_media/
MEDIA_CACHE=1
TRUSTED_PROXIES=unix
BACKUP_DIR=$BACKUPS
$(if part media && [ -n "$PRIVATE" ] && grep -q '^MEDIA_APART=1' <<<"$1"; then printf 'MEDIA_NODE=%s\nMEDIA_NODE_ADDRESS=%s:8088' "$(hostname -s)" "$PRIVATE"; fi)
$([ "$TURN" != 1 ] || grep -q '^TURN_URLS=' <<<"$1" || printf 'TURN_SECRET_FILE=%s/turn_secret\nTURN_URLS=%s' $ETC "$(turn_urls "$DOMAIN")")"
}

# --- 6 nginx and coturn ------------------------------------------------------------------------------------------------
write_certificate() {
  if [ -n "$CERTIFICATE" ]; then link "$CERTIFICATE" $ETC/tls/certificate.pem; link "$KEY" $ETC/tls/key.pem; return 0; fi
  if [ -e "$ROOT$ETC/tls/certificate.pem" ] && { [ -L "$ROOT$ETC/tls/certificate.pem" ] ||
    openssl x509 -in "$ROOT$ETC/tls/certificate.pem" -noout -checkhost "$DOMAIN" | grep -q 'does match'; }; then return 0; fi
  if [ "$DRY_RUN" = 1 ]; then did "将生成自签的证书"; return 0; fi
  rm -f "$ROOT$ETC/tls/certificate.pem" "$ROOT$ETC/tls/key.pem"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 -subj "/CN=$DOMAIN" \
    -addext "subjectAltName=DNS:$DOMAIN" -keyout "$ROOT$ETC/tls/key.pem" -out "$ROOT$ETC/tls/certificate.pem" 2>/dev/null
  chmod 600 "$ROOT$ETC/tls/key.pem" "$ROOT$ETC/tls/certificate.pem"
  did "自签的证书 $ETC/tls/certificate.pem"
}

# What is on air here, for the site's other hosts (MEDIA_NODE_ADDRESS).
write_media_nginx() {
  local at pages='' peers='' n
  at=$(env_value MEDIA_NODE_ADDRESS)
  # One that an operator has set up by hand is theirs.
  if ! part media || [ -z "$at" ] || [ -z "$PRIVATE" ]; then return 0; fi
  for n in $(seq "$(page_processes)"); do pages+="server unix:/run/fingertip/pages-$n.sock; "; done
  for n in $PRIVATE $PEERS; do peers+="allow $n; "; done
  render "$SOURCE/deploy/nginx-media.conf.in" LISTEN="$at" PAGES="$pages" VAR=$VAR PEERS="$peers" | put /etc/nginx/sites-available/fingertip-media 644 root:root
  link ../sites-available/fingertip-media /etc/nginx/sites-enabled/fingertip-media
  widen_nginx
}

write_nginx() {
  local upstream='' pages='' n
  write_media_nginx
  part pages || return 0
  for n in $(seq "$(page_processes)"); do pages+="server unix:/run/fingertip/pages-$n.sock max_conns=32 max_fails=1 fail_timeout=1s; "; done
  for n in $(seq "$(cores)"); do upstream+="server unix:/run/fingertip/sockets-$n.sock max_fails=1 fail_timeout=2s; "; done
  render "$SOURCE/deploy/nginx.conf.in" DOMAIN="$DOMAIN" CODE="$DIR/current" VAR=$VAR CERT=$ETC/tls/certificate.pem KEY=$ETC/tls/key.pem \
    ACME=$ACME CACHE=/var/lib/nginx/fingertip PAGES="$pages" SOCKETS="$upstream" | put /etc/nginx/sites-available/fingertip 644 root:root
  link ../sites-available/fingertip /etc/nginx/sites-enabled/fingertip
  if [ "$(readlink "$ROOT/etc/nginx/sites-enabled/default" 2>/dev/null)" = /etc/nginx/sites-available/default ] && [ "$DRY_RUN" = 0 ]; then
    rm "$ROOT/etc/nginx/sites-enabled/default"; did "去掉 nginx 自带的示例网站"
  fi
  widen_nginx
}

# Debian's nginx takes 768 connections a process, and each phone in a room is two. An nginx.conf that allows more stays.
widen_nginx() {
  local conf=$ROOT/etc/nginx/nginx.conf most
  [ -f "$conf" ] || return 0
  most=$(sed -n 's/^[[:space:]]*worker_connections[[:space:]]\{1,\}\([0-9]\{1,9\}\);.*/\1/p' "$conf" | head -n 1)
  if [ -n "$most" ] && [ "$most" -lt 16384 ]; then
    if [ "$DRY_RUN" = 1 ]; then did "将把 /etc/nginx/nginx.conf 里每个进程的连接数从 $most 改成 16384"; return 0; fi
    sed -i "s/^\([[:space:]]*worker_connections[[:space:]]\{1,\}\)$most;/\116384;/" "$conf"
    did "/etc/nginx/nginx.conf 里每个进程的连接数从 $most 改成 16384"
  fi
  # Twice in one configuration is an error: whoever wrote it there keeps theirs.
  if ! grep -q '^[[:space:]]*worker_rlimit_nofile' "$conf"; then
    printf 'worker_rlimit_nofile 65536;\n' | put /etc/nginx/modules-enabled/99-fingertip.conf 644 root:root
  fi
}

# Without TURN: coturn as it was set up here is taken away, and no other.
drop_turn() {
  [ "$TURN" = 0 ] && [ -s "$ROOT$ETC/turn_secret" ] || return 0
  if [ "$DRY_RUN" = 1 ]; then did "将停用 coturn"; return 0; fi
  ! grep -qx "TURN_SECRET_FILE=$ETC/turn_secret" "$ROOT$ETC/env" || return 0
  if grep -qFf "$ROOT$ETC/turn_secret" "$ROOT/etc/turnserver.conf" 2>/dev/null; then
    if owns; then systemctl disable -q --now coturn.service; fi
    rm -f "$ROOT/etc/turnserver.conf"
  fi
  rm -f "$ROOT$ETC/turn_secret"
  did "停用 coturn"
}

# The media engines of other hosts, to which coturn may lead, too.
media_peers() { local peer; for peer in $PEERS; do [[ $peer == */* ]] || printf '\nallowed-peer-ip=%s' "$peer"; done; }

write_turn() {
  [ "$TURN" = 1 ] || return 0
  secret turn_secret
  [ -f "$SOURCE/deploy/coturn.conf.in" ] || { note "这一版没有 deploy/coturn.conf.in，跳过 coturn"; return 0; }
  local here; here=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m 1 -E '^[0-9.]+$' || echo 127.0.0.1)
  # Behind NAT phones know the media engine by the public address, and coturn reaches it by the one it has here.
  render "$SOURCE/deploy/coturn.conf.in" DOMAIN="$DOMAIN" TURN_SECRET="$(cat "$ROOT$ETC/turn_secret" 2>/dev/null || true)" LISTEN_ADDRESS="$here" \
    MEDIA_ADDRESS="$here${PUBLIC:+$'\n'allowed-peer-ip=$PUBLIC}$(media_peers)" | put /etc/turnserver.conf 640 root:turnserver
}

# --- 7 Units -----------------------------------------------------------------------------------------------------------
write_units() {
  local file
  for file in "$SOURCE"/deploy/units/*; do
    render "$file" DIR="$DIR" VAR=$VAR BACKUPS="$BACKUPS" | put "/etc/systemd/system/${file##*/}" 644 root:root
  done
  # Own folders of Redis's own unit and the order at a start: nothing of Debian's units is changed.
  render "$SOURCE/deploy/server/tmpfiles.conf.in" | put /etc/tmpfiles.d/fingertip.conf 644 root:root
  render "$SOURCE/deploy/server/journald.conf.in" | put /etc/systemd/journald.conf.d/fingertip.conf 644 root:root
  render "$SOURCE/deploy/server/logrotate.in" | put /etc/logrotate.d/fingertip 644 root:root
  render "$SOURCE/deploy/server/fingertip.in" DIR="$DIR" BACKUPS="$BACKUPS" | put /usr/local/sbin/fingertip 755 root:root
  put $ETC/install.conf 640 root:$USER_NAME <<<"DOMAIN=$DOMAIN
DIR=$DIR
TURN=$TURN
PUBLIC=$PUBLIC
PARTS='$PARTS'
PRIVATE=$PRIVATE
PEERS='$PEERS'"
}

parts() {
  site_units
  workers
  if part beat; then echo fingertip-beat.service; fi
  if part media; then echo fingertip-agent.service; fi
}

# What this host was there for and is no longer. What lies in PostgreSQL stays; a lecture on the air is not ended.
stop_others() {
  local unit units=$1
  for unit in $(PARTS=$EVERYTHING parts) fingertip-worker.service fingertip-backup.timer; do
    if grep -qxF "$unit" <<<"$units" || ! systemctl is-enabled -q "$unit" 2>/dev/null; then continue; fi
    if [ "$unit" = fingertip-backup.timer ] && part beat; then continue; fi
    if [ "$unit" = fingertip-agent.service ] && { ! on_air=$(manage on_air 2>/dev/null) || [ -n "$on_air" ]; }; then
      note "正在直播，fingertip-agent 还开着。直播结束以后再运行一次。"; continue
    fi
    systemctl disable -q "$unit"; systemctl stop "$unit"; did "停用 $unit"
  done
  if part stores; then return 0; fi
  for unit in redis-server@fingertip.service postgresql.service; do
    if ! systemctl is-enabled -q "$unit" 2>/dev/null || [ ! -e "$ROOT/etc/redis/redis-fingertip.conf" ]; then continue; fi
    systemctl disable -q "$unit"; systemctl stop "$unit"; did "停用 $unit（数据没有删）"
  done
}

start_all() {
  local unit units; units=$(parts)
  [ "$DRY_RUN" = 0 ] || { did "将启动 ${units//$'\n'/ }"; return 0; }
  stop_others "$units"
  for unit in $units fingertip.target $(! part beat || echo fingertip-backup.timer) $(! serves || echo nginx.service); do
    systemctl is-enabled -q "$unit" 2>/dev/null || { systemctl enable -q "$unit"; did "开机启动 $unit"; }
  done
  if [ "$TURN" = 1 ] && [ -f "$SOURCE/deploy/coturn.conf.in" ]; then
    systemctl is-enabled -q coturn.service 2>/dev/null || systemctl enable -q coturn.service
    start_or_again coturn.service "$TURN_CHANGED"
  fi
  for unit in $units; do start_or_again "$unit" "$SETTINGS_CHANGED"; done
  ! part beat || start_or_again fingertip-backup.timer 0
  serves || return 0
  nginx -t -q 2>"$LOG" || { cat "$LOG" >&2; die "nginx 的设置没有通过检查（上面是原因）。"; }
  if systemctl is-active -q nginx.service; then
    if [ "$NGINX_CHANGED" = 1 ]; then systemctl reload nginx.service; did "重新读入 nginx 的设置"; fi
  else systemctl start nginx.service; did "启动 nginx.service"; fi
}

reload_units() {
  # A run that stopped after it had written them has made no folder for sockets; the next one finds nothing to write.
  [ "$UNITS_CHANGED" = 1 ] || [ ! -d /run/fingertip ] || return 0
  systemctl daemon-reload
  systemd-tmpfiles --create /etc/tmpfiles.d/fingertip.conf
  systemctl try-restart systemd-journald 2>/dev/null || true
}

# start_or_again UNIT CHANGED: the agent is not restarted here, it may hold a lecture.
start_or_again() {
  if ! systemctl is-active -q "$1"; then systemctl start "$1" || die "$1 没有启动。原因：journalctl -u $1 -n 50"; did "启动 $1"
  elif [ "$2" = 1 ] && [ "$1" != fingertip-agent.service ]; then systemctl restart "$1" || die "$1 没有启动。原因：journalctl -u $1 -n 50"; did "重新启动 $1"; fi
}

first_operator() {
  [ -n "$OPERATOR" ] || return 0
  [ "$DRY_RUN" = 0 ] || { did "将任命管理员"; return 0; }
  local asked=("$OPERATOR" --name "$OPERATOR_NAME")
  [ -z "$ORGANISATION" ] || asked+=(--organisation "$ORGANISATION")
  SAID=$(manage add_operator "${asked[@]}" 2>"$LOG") || { cat "$LOG" >&2; die "没有能任命管理员（原因在上面）。网站已经装好；改好以后再运行一次。"; }
}

# What add_operator said, with the link, comes last, where it is seen; it is good for one sign-in within 15 minutes.
tell_operator() {
  [ -n "$SAID" ] || return 0
  printf '\n%s\n' "$SAID"
}

main() {
  REDIS_PORT=6399 LOG=$(mktemp) SAID=''
  UNITS_CHANGED=0 DATABASE_CHANGED=0 REDIS_CHANGED=0 SETTINGS_CHANGED=0 NGINX_CHANGED=0 TURN_CHANGED=0
  trap 'rm -f "$LOG"' EXIT
  check_words
  set_backups
  if [ "$RENDER" = 1 ]; then write_everything; printf '写入了 %s 个文件\n' "$CHANGED"; return 0; fi
  [ "$DRY_RUN" = 1 ] || [ "$(id -u)" != 0 ] || alone
  case $STAGE in
    packages) install_packages; return 0 ;;
    files)
      write_everything
      reload_units
      [ "$REDIS_CHANGED" = 0 ] || start_or_again redis-server@fingertip.service 1
      [ "$TURN_CHANGED" = 0 ] || start_or_again coturn.service 1
      return 0 ;;
  esac
  check_machine
  check_certificate
  say "检查通过：Debian 12，内存 $(memory_mb) MB，$(cores) 个处理器，网址 https://$DOMAIN"
  install_packages
  check_certificate
  check_cluster
  make_user
  write_everything
  if part stores; then make_database; fi
  [ "$DRY_RUN" = 1 ] || reload_units
  if part stores; then make_redis; fi
  local current; current=$(readlink -f "$DIR/current" 2>/dev/null || true)
  local name; name=$(release_name "$SOURCE")
  if [ -n "$current" ] && [ -e "$current/.complete" ]; then
    RELEASE=$current
    [ "$(cat "$current/.complete")" = "$name" ] || note "正在用的是 $(cat "$current/.complete")，这里的代码是 $name：要换成它，请用 deploy/upgrade.sh"
  else
    build "$SOURCE" "$name"
    [ "$DRY_RUN" = 1 ] || migrate_first
    link "releases/$name" "$DIR/current"
  fi
  start_all
  first_operator
  finish
}

write_everything() {
  local mark
  make_folders
  take_settings
  [ -z "$FROM" ] || set_backups  # what came along may name another folder
  write_network
  secret secret_key; secret phone_key
  if part stores; then
    mark=$CHANGED; write_database_settings; [ "$mark" = "$CHANGED" ] || DATABASE_CHANGED=1
    mark=$CHANGED; write_redis; [ "$mark" = "$CHANGED" ] || REDIS_CHANGED=1
  fi
  mark=$CHANGED; write_turn; [ "$mark" = "$CHANGED" ] || TURN_CHANGED=1
  mark=$CHANGED; write_settings; [ "$mark" = "$CHANGED" ] || SETTINGS_CHANGED=1
  drop_turn  # its secret only once no setting names it
  mark=$CHANGED; ! part pages || write_certificate; write_nginx; [ "$mark" = "$CHANGED" ] || NGINX_CHANGED=1
  mark=$CHANGED; write_units; [ "$mark" = "$CHANGED" ] || UNITS_CHANGED=1
}

migrate_first() {
  say "建立数据库的表"
  manage prepare >"$LOG" 2>&1 || { tail -n 15 "$LOG" >&2; die "数据库的表没有建好（原因在上面）。"; }
  did "数据库的表"
}

finish() {
  local ready=0
  if [ "$DRY_RUN" = 1 ]; then printf '\n只是试算，什么都没有改；要做的有 %s 件。\n' "$CHANGED"; return 0; fi
  if part pages; then answers /readyz 60 && ready=1; fi
  printf '\n'
  if [ $CHANGED = 0 ]; then say "什么都不用改：这台机器已经是装好的样子。"; else say "做了 $CHANGED 件事（上面带 + 的各行）。"; fi
  if ! part pages; then say "这台主机开着：$(parts | tr '\n' ' ')。各台的情况：sudo fingertip doctor"
  elif [ $ready = 1 ]; then say "网站已经可以用：https://$DOMAIN"
  else say "网站还没有就绪，请运行：sudo fingertip doctor"; fi
  tell_operator
  [ "$PARTS" = "$EVERYTHING" ] || return 0
  cat <<NEXT

还要做的：
  1. 另存一份 $ETC/phone_key 到另一个地方，和备份分开放。丢了它，手机号就读不出来。
  2. 防火墙放开 TCP 80、443 和 UDP 20000-21999$([ "$TURN" != 1 ] || printf '，TURN 用的 3478（UDP、TCP）和 UDP 22000-23999')。本程序不动防火墙。
  3. 短信：$(if grep -qE '^SMS_(WAY|BACKEND)=.' $ETC/env; then echo "已经设好，请用一个号码试一次登录。"; else echo "还没有设，党员收不到验证码。写法见 docs/zh/管理员.md“短信”。"; fi)
  4. 证书：$(if [ -L $ETC/tls/certificate.pem ]; then echo "用的是 $(readlink $ETC/tls/certificate.pem)，续期以后运行 systemctl reload nginx。"; else echo "现在是自签的，手机会警告，微信里打不开。换法见 docs/zh/管理员.md“证书”。"; fi)
  5. 每天 2:30 自动备份到 $BACKUPS；请再拷到另一台机器。试恢复：sudo fingertip restore_drill
以后的命令都写成 sudo fingertip 命令，例如 sudo fingertip doctor。手册：$DIR/current/docs/zh/管理员.md
NEXT
}
main
