#!/bin/bash
# sudo deploy/upgrade.sh, from the new code: the site moves to it, and no lecture ends. Asks nothing; prints in Chinese.
#
#   --ref REF         this commit of the checkout (default: what is checked out)
#   --force           also with a lecture on the air, with a site that is not ready, and with code that is not committed
#   --dry-run         only say what would be done
#   --agent           only restart the media agent, once the lecture that kept it is over
#   --back            go back to the release before; --back --with-data: and to the data as they were before the upgrade
#
# The new release is built beside the old one first: until then nothing is touched. Then: dump, worker and beat stop, tables, settings
# of nginx and systemd, sockets and pages one process at a time, worker and beat, and the media agent last.
set -Eeuo pipefail
umask 077
SOURCE=$(cd -P "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=deploy/lib.sh
. "$SOURCE/deploy/lib.sh"
REF=HEAD PROC=${PROC:-/proc} FORCE=0 ACTION=forward WITH_DATA=0
while [ $# -gt 0 ]; do
  case $1 in
    --ref) REF=${2:?}; shift ;;
    --force) FORCE=1 ;;
    --dry-run) DRY_RUN=1 ;;
    --agent) ACTION=agent ;;
    --back) ACTION=back ;;
    --with-data) WITH_DATA=1 ;;
    -h|--help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    *) printf '不认识 %s，见 --help\n' "$1" >&2; exit 2 ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || die "要用 root 运行：sudo deploy/upgrade.sh"
[ -r "$ROOT$ETC/install.conf" ] || die "这台机器还没有安装，请先用 deploy/install.sh。"
DOMAIN='' DIR=''
# shellcheck disable=SC1091
. "$ROOT$ETC/install.conf"
[ "$DRY_RUN" = 1 ] || alone
set_backups
SCRATCH=$(mktemp -d)
HISTORY=$DIR/upgrades LOG=$SCRATCH/log STEP='检查' STATE='什么都没有改，网站照常。' ON_AIR=''
OLD=$(readlink -f "$DIR/current") && RELEASE=$OLD
trap 'rm -rf "$SCRATCH"' EXIT
trap 'stopped' ERR

# Where it stopped, in what state the site is, and what to do: never only a traceback.
stopped() {
  trap - ERR
  [ ! -s "$LOG" ] || tail -n 20 "$LOG" >&2
  printf '\n停在“%s”。%s\n' "$STEP" "$STATE" >&2
  exit 1
}
step() { STEP=$1; STATE=$2; say "$1"; }

# may_be_on_air: yes unless $RELEASE says cleanly that no lecture is; $ON_AIR is then what to tell. --force asks nobody.
may_be_on_air() {
  [ "$FORCE" = 0 ] || return 1
  if ON_AIR=$(manage on_air 2>"$LOG"); then [ -n "$ON_AIR" ]; return; fi
  ON_AIR="问不出现在有没有直播：$(tail -n 3 "$LOG")"
}
told() { sed 's/^/      /' <<<"$1"; }

restart_one_by_one() {
  local unit before=''
  for unit in $(site_units); do
    # Phones of the process before come back to the others within 20 seconds, each at its own moment.
    # nginx asks a process for pages that was away again after its fail_timeout, in whole seconds: until then the next must answer.
    case $before:$unit in
      *sockets*:*sockets*) sleep "${SOCKETS_PAUSE_S:-10}" ;;
      *pages*:*pages*) sleep "${PAGES_PAUSE_S:-3}" ;;
    esac
    # A machine that has got more cores has more of them.
    systemctl is-enabled -q "$unit" 2>/dev/null || systemctl enable -q "$unit"
    systemctl restart "$unit"
    note "${unit%.service} 已用新代码"
    before=$unit
  done
}

stop_background() { ! part beat || systemctl stop fingertip-beat.service; workers | xargs -r systemctl stop; }
start_background() { workers | xargs -r systemctl start; ! part beat || systemctl start fingertip-beat.service; }

restart_agent() {
  part media || return 0
  if may_be_on_air; then
    note "正在直播，媒体服务还用原来的代码。直播结束以后运行：sudo $DIR/current/deploy/upgrade.sh --agent"
    told "$ON_AIR"
  else
    systemctl restart fingertip-agent.service
    note "fingertip-agent 已用新代码"
  fi
}

wait_ready() {
  step "等网站就绪" "新代码已经在用，但 /readyz 没有就绪：sudo fingertip doctor 会说缺什么。退回：sudo $DIR/current/deploy/upgrade.sh --back"
  ! part pages || answers /readyz 120 || stopped
}

# The last three releases stay, and every one that a process still runs from.
tidy() {
  local old used
  find "$DIR/releases" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +4 | cut -d' ' -f2- | while read -r old; do
    if [ "$old" = "$(readlink -f "$DIR/current")" ] || [ "$old" = "$OLD" ]; then continue; fi
    # A process that ends meanwhile makes find fail, and says nothing of the others.
    used=$(find "$PROC"/[0-9]*/cwd -maxdepth 0 \( -lname "$old" -o -lname "$old/*" \) 2>/dev/null || true)
    [ -z "$used" ] || continue
    rm -rf "$old"; note "删去旧代码 ${old##*/}"
  done
}

# remember NAME MIGRATES DUMP: what --back needs. An upgrade that stopped and goes on keeps the dump from before its first tables.
remember() {
  local from to migrated
  if [ -s "$HISTORY" ]; then
    IFS=$'\t' read -r from to migrated _ < <(tail -n 1 "$HISTORY")
    if [ "$from" = "$(cat "$OLD/.complete")" ] && [ "$to" = "$1" ] && [ "$migrated" = 1 ]; then return 0; fi
  fi
  printf '%s\t%s\t%s\t%s\n' "$(cat "$OLD/.complete")" "$1" "$2" "$3" >> "$HISTORY"
}

# errors_of RELEASE: the ids of what its "check --deploy" calls an error here; what it said is in $LOG. Fails where it cannot be asked.
errors_of() {
  local rc=0
  RELEASE=$1 quietly manage check --deploy --fail-level ERROR || rc=$?
  [ $rc = 0 ] || grep -q '^ERRORS:\|^CRITICALS:' "$LOG" || return 1
  awk '/^[A-Z]+:$/ {bad = /^(ERRORS|CRITICALS):/} bad' "$LOG" | { grep -oE '\([a-z_]+\.[A-Z][0-9]+\)' || true; } | sort -u
}

# What the new code refuses here, and the code in use does not: only that stops. What was so before is told.
check_settings() {
  local new=$1 before='' now fresh_ones
  RELEASE=$new quietly manage check --fail-level ERROR || { tail -n 20 "$LOG" >&2; die "新代码不接受这里的设置（原因在上面）。什么都没有改，网站照常。改好 $ETC/env 再运行一次。"; }
  before=$(errors_of "$OLD") || before=''
  now=$(errors_of "$new") || { tail -n 20 "$LOG" >&2; die "新代码不接受这里的设置（原因在上面）。什么都没有改，网站照常。改好 $ETC/env 再运行一次。"; }
  fresh_ones=$(comm -13 <(printf '%s\n' "$before") <(printf '%s\n' "$now"))
  if [ -n "$fresh_ones" ] && [ "$FORCE" = 0 ]; then
    cat "$LOG" >&2
    die "新代码比原来多要求：${fresh_ones//$'\n'/ }（见上）。什么都没有改，网站照常。改好 $ETC/env 再运行一次；确实要升级就加 --force。"
  fi
  [ -z "$now" ] || { note "还没有做好的（不影响升级，sudo fingertip doctor 会说怎么做）："; told "$(grep -F -f <(printf '%s\n' "$now") "$LOG")"; }
  : >"$LOG"
}

# packages_from REF: the Debian packages that this commit names, not those of what happens to be checked out.
packages_from() {
  local from=$SOURCE words=()
  if git -c safe.directory='*' -C "$SOURCE" rev-parse HEAD >/dev/null 2>&1; then
    from=$SCRATCH/code; mkdir "$from"
    git -c safe.directory='*' -C "$SOURCE" archive "$1" deploy .env.example | tar -x -C "$from"
  fi
  [ "$DRY_RUN" = 0 ] || words=(--dry-run)
  "$from/deploy/install.sh" --domain "$DOMAIN" --stage packages "${words[@]}"
}

# back_up: the database of the code in use, into the folder that the settings name; its place is in $DUMP.
back_up() {
  step "备份数据库" "什么都没有改，网站照常。备份没有成功，原因在上面。"
  quietly manage backup "$BACKUPS"
  DUMP=$(find "$BACKUPS" -mindepth 1 -maxdepth 1 -name 'classroom-*' | LC_ALL=C sort | tail -n 1)
  [ -n "$DUMP" ] && grep -qF "${DUMP##*/}" "$LOG" || stopped
  note "$DUMP"
}

forward() {
  local name migrates=0 free DUMP=''
  say "检查"
  if [ "$FORCE" = 0 ] && git -c safe.directory='*' -C "$SOURCE" rev-parse HEAD >/dev/null 2>&1 &&
    [ -n "$(git -c safe.directory='*' -C "$SOURCE" status --porcelain --untracked-files=no)" ]; then
    die "$SOURCE 里有没有提交的改动，它们不会被装上。请先提交或放弃（git status）；确实不要它们就加 --force。"
  fi
  name=$(release_name "$SOURCE" "$REF")
  [ "$name" != "$(cat "$OLD/.complete")" ] || { say "已经是 $name，什么都不用改。"; return 0; }
  ! part pages || answers /readyz 10 || [ "$FORCE" = 1 ] || die "网站现在就没有就绪，先用 sudo fingertip doctor 找原因；确实要升级就加 --force。"
  free=$(df -Pm "$DIR" "$BACKUPS" | awk 'NR > 1 && (NR == 2 || $4 < least) {least = $4} END {print least}')
  [ "$free" -ge 3000 ] || die "$DIR 或 $BACKUPS 只剩 $free MB，至少要 3 GB。"
  note "从 $(cat "$OLD/.complete") 到 $name"

  packages_from "$REF"
  build "$SOURCE" "$name" "$REF"
  local new=$DIR/releases/$name
  [ "$DRY_RUN" = 0 ] || { note "只是试算，到这里为止。"; return 0; }
  step "检查新代码和这里的设置" "什么都没有改，网站照常。"
  check_settings "$new"
  RELEASE=$new; quietly manage migrate --check || migrates=1
  RELEASE=$OLD
  if [ $migrates = 1 ] && may_be_on_air; then
    told "$ON_AIR"
    die "正在直播（见上），而新代码要改数据库的表。什么都没有改，请等直播结束再升级；一定要现在升级就加 --force。"
  fi
  : >"$LOG"

  back_up

  step "停下后台程序" "网页和直播照常，后台程序停着：再运行一次本命令，或者 systemctl start fingertip.target"
  stop_background
  RELEASE=$new
  if [ $migrates = 1 ]; then
    step "改数据库的表" "数据库可能改了一半，网页还是旧代码，后台程序停着。先看上面的原因；修好后再运行一次本命令会接着改。要退回：sudo $new/deploy/upgrade.sh --back --with-data"
    remember "$name" 1 "$DUMP"
    quietly manage migrate --noinput
  else remember "$name" 0 "$DUMP"; fi

  step "换上新代码" "新代码装了一半。再运行一次本命令会接着做；要退回：sudo $new/deploy/upgrade.sh --back"
  "$new/deploy/install.sh" --domain "$DOMAIN" --stage files
  link "releases/$name" "$DIR/current"
  restart_one_by_one
  start_background
  if serves; then quietly nginx -t; systemctl reload nginx.service; fi
  restart_agent
  wait_ready
  tidy
  say "升级完成：$name"
  note "退回原来的代码：sudo $DIR/current/deploy/upgrade.sh --back$([ $migrates = 0 ] || echo ' --with-data（这次改了表，退回会丢掉升级以后的记录）')"
}

back() {
  local from to migrated dump unit
  [ -s "$HISTORY" ] || die "没有升级过，没有可以退回的。"
  IFS=$'\t' read -r to from migrated dump < <(tail -n 1 "$HISTORY")
  [ -e "$DIR/releases/$to/.complete" ] || die "原来的代码 $DIR/releases/$to 已经不在了。"
  if [ "$migrated" = 1 ] && [ $WITH_DATA = 0 ]; then
    die "从 $to 到 $from 的升级改了数据库的表，只退代码不行。加 --with-data 会回到升级前备份的数据：$dump
升级以后记下的（登录、学习、认定）都会丢失。"
  fi
  if may_be_on_air; then told "$ON_AIR"; die "正在直播（见上）。请等直播结束，或者加 --force。"; fi
  if [ $WITH_DATA = 1 ] && [ "$migrated" = 1 ]; then
    step "停下网站" "网站停着。再运行一次本命令，或者 systemctl start fingertip.target"
    stop_background; ! part media || systemctl stop fingertip-agent.service
    for unit in $(site_units); do systemctl stop "$unit"; done
    step "放回升级前的数据" "网站停着，没有启动（原因在上面）。查清以后再运行一次本命令。备份在 $dump"
    RELEASE=$DIR/releases/$to; quietly manage restore "$dump" --replace
    told "$(cat "$LOG")"
    : >"$LOG"
  fi
  step "换回 $to" "换了一半，再运行一次本命令会接着做。"
  "$DIR/releases/$to/deploy/install.sh" --domain "$DOMAIN" --stage files
  link "releases/$to" "$DIR/current"
  stop_background
  restart_one_by_one
  start_background
  if serves; then quietly nginx -t; systemctl reload nginx.service; fi
  ! part media || systemctl restart fingertip-agent.service
  wait_ready
  sed -i '$d' "$HISTORY"
  say "已经退回 $to"
}

case $ACTION in
  forward) forward ;;
  back) back ;;
  agent) step "重新启动媒体服务" "没有重新启动。"; restart_agent ;;
esac
