# What install.sh, upgrade.sh and their tests share. Sourced, never run.
# Files are written under $ROOT (empty on a real machine): the tests render everything into a folder of their own.
# shellcheck shell=bash

# The last command of a pipe is this shell's own: what "… | put" counts is counted.
shopt -s lastpipe
ROOT=${ROOT:-}
CHANGED=0
DRY_RUN=${DRY_RUN:-0}
ETC=/etc/fingertip
VAR=/var/lib/fingertip
DEFAULT_BACKUPS=/var/backups/fingertip
BACKUPS=$DEFAULT_BACKUPS
ACME=/var/lib/fingertip-acme
LOCK=/run/fingertip-install.lock
USER_NAME=fingertip
# What a host may be there for (install.sh --parts); a site's only host is there for all of it.
EVERYTHING=stores,pages,worker,beat,media

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
did() { CHANGED=$((CHANGED + 1)); printf '  + %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() { printf '\n停止：%s\n' "$*" >&2; exit 1; }

# Only as root outside the tests' folder may files be given to others.
owns() { [ -z "$ROOT" ]; }

# quietly COMMAND…: into $LOG. Its failure is the caller's: an ERR trap inside the redirection would speak into the log.
quietly() { local rc=0; "$@" >"$LOG" 2>&1 || rc=$?; return $rc; }

# put PATH MODE OWNER:GROUP < content: write a file whole and at once, only where it differs. The content never stands in a
# process list, and the file is never there with wider rights than it keeps.
put() {
  local path=$ROOT$1 mode=$2 owner=$3 temporary
  if [ "$DRY_RUN" = 1 ]; then
    if cat | cmp -s - "$path" 2>/dev/null; then return 0; fi
    did "将写入 $1（$mode $owner）"; return 0
  fi
  (umask 022; mkdir -p "$(dirname "$path")")
  temporary=$(umask 077; mktemp "$path.XXXXXX")
  cat > "$temporary"
  if [ -f "$path" ] && cmp -s "$temporary" "$path" && [ "$(stat -c %a "$path")" = "$(printf %o $((8#$mode)))" ] &&
    { ! owns || [ "$(stat -c %U:%G "$path")" = "$owner" ]; }; then
    rm -f "$temporary"; return 0
  fi
  if owns; then chown "$owner" "$temporary"; fi
  chmod "$mode" "$temporary"
  mv -f "$temporary" "$path"
  did "写入 $1（$mode $owner）"
}

# folder PATH MODE OWNER:GROUP
folder() {
  local path=$ROOT$1 mode=$2 owner=$3
  if [ -d "$path" ] && [ "$(stat -c %a "$path")" = "$(printf %o $((8#$mode)))" ] &&
    { ! owns || [ "$(stat -c %U:%G "$path")" = "$owner" ]; }; then return 0; fi
  if [ "$DRY_RUN" = 1 ]; then did "将建立文件夹 $1（$mode $owner）"; return 0; fi
  (umask 077; mkdir -p "$path")
  if owns; then chown "$owner" "$path"; fi
  chmod "$mode" "$path"
  did "建立文件夹 $1（$mode $owner）"
}

# link TARGET PATH: a symbolic link, replaced at once.
link() {
  local target=$1 path=$ROOT$2
  [ "$(readlink "$path" 2>/dev/null)" = "$target" ] && return 0
  if [ "$DRY_RUN" = 1 ]; then did "将链接 $2 → $target"; return 0; fi
  (umask 022; mkdir -p "$(dirname "$path")")
  ln -sfn "$target" "$path.new" && mv -fT "$path.new" "$path"
  did "链接 $2 → $target"
}

# render FILE NAME=VALUE…: replace @NAME@ in a template; a placeholder that nobody gave a value stops the run.
render() {
  local text name value pair
  text=$(cat "$1"; printf x); text=${text%x}; shift
  for pair in "$@"; do
    name=${pair%%=*} value=${pair#*=}
    text=${text//"@$name@"/"$value"}
  done
  if [[ $(grep -v '^ *#' <<<"$text") =~ @[A-Z_]+@ ]]; then die "模板里还有没有填的 ${BASH_REMATCH[0]}"; fi
  printf '%s' "$text"
}

# fresh: 48 random characters, from this shell's own pipe.
fresh() { LC_ALL=C tr -dc 'A-Za-z0-9' < /dev/urandom 2>/dev/null | head -c 48 || true; }

# env_value KEY: what the settings file says, empty where it says nothing.
env_value() { sed -n "s/^$1=//p" "$ROOT$ETC/env" 2>/dev/null | head -n 1 || true; }

# env_has KEY: whether the settings file has a line of this key, be its value empty.
env_has() { grep -q "^$1=" "$ROOT$ETC/env" 2>/dev/null; }

# set_backups: $BACKUPS is where the settings put backups; whoever changed BACKUP_DIR is followed everywhere.
set_backups() {
  BACKUPS=$(env_value BACKUP_DIR); BACKUPS=${BACKUPS:-$DEFAULT_BACKUPS} BACKUPS=${BACKUPS%/}
  [[ $BACKUPS =~ ^/[A-Za-z0-9._/-]+$ && $BACKUPS != / ]] || die "$ETC/env 里的 BACKUP_DIR 要写完整的路径，只用字母、数字、点和横线。"
}

# alone: one installation or upgrade at a time. The script is run again below flock(1), which holds the lock and passes it to
# nobody: what the script starts may go on for months. The parts of an upgrade do not ask again.
STARTED=("$BASH" "$0" "$@")
alone() {
  local rc=0
  [ -z "${FINGERTIP_ALONE:-}" ] || return 0
  (umask 077; mkdir -p "$ROOT${LOCK%/*}")
  FINGERTIP_ALONE=1 flock --nonblock --close --conflict-exit-code 75 "$ROOT$LOCK" "${STARTED[@]}" || rc=$?
  [ $rc != 75 ] || die "另一个安装或升级正在进行，请等它结束再运行。"
  exit $rc
}

# env_without KEY: the settings file without it, on standard output.
env_without() { grep -v "^$1=" || true; }

# env_with KEY VALUE: the settings file with this key set (in its place, or at the end), on standard output.
env_with() {
  local line seen=0
  while IFS= read -r line || [ -n "$line" ]; do
    if [[ $line == "$1="* ]]; then seen=1; line="$1=$2"; fi
    printf '%s\n' "$line"
  done
  [ $seen = 1 ] || printf '%s=%s\n' "$1" "$2"
}

# as_user COMMAND…: with the service's rights and with nothing of root's environment but what reaches the registries.
as_user() {
  local kept=() name
  for name in $(compgen -e); do
    case $name in
      PIP_*|npm_config_*|UV_*|*_proxy|*_PROXY|SSL_CERT_*|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE) kept+=("$name=${!name}") ;;
    esac
  done
  local rights=()
  if owns; then rights=(setpriv --reuid "$USER_NAME" --regid "$USER_NAME" --init-groups); fi
  "${rights[@]}" env -i PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 HOME="${BUILD_HOME:-/nonexistent}" "${kept[@]}" "$@"
}

# manage ARGUMENTS…: manage.py of the current release as the service's user.
manage() { as_user bash -c 'cd "$0" && exec .venv/bin/python manage.py "$@"' "$(readlink -f "${RELEASE:-$DIR/current}")" "$@"; }

cores() { nproc 2>/dev/null || echo 1; }
# As many processes for pages as start.sh counts on: two at least, so that one answers while another is restarted.
page_processes() { echo $((2 * (($(cores) + 1) / 2))); }

# part NAME: whether this host is there for it; "worker" too where it is there for some queues (worker@media).
part() { [[ ,${PARTS:-$EVERYTHING}, =~ ,$1[,@] ]]; }
# Whether nginx answers here: visitors, or (a host with lectures) the site's other hosts.
serves() { part pages || part media; }

# site_units: every process that answers, in the order in which they are restarted. A host with lectures has pages of its own:
# they say to its nginx who may have what is on air here.
site_units() {
  local n
  if part pages; then for n in $(seq "$(cores)"); do echo "fingertip-sockets@$n.service"; done; fi
  if serves; then for n in $(seq "$(page_processes)"); do echo "fingertip-pages@$n.service"; done; fi
}

# workers: the worker's units on this machine, those by queue among them; what is not set up otherwise is one for everything.
workers() {
  local units='' name names=${PARTS:-}  # an installation of before says nothing of it
  part worker || return 0
  for name in ${names//,/ }; do case $name in worker@*) units+="fingertip-$name.service"$'\n' ;; esac; done
  if [ -n "$units" ]; then printf '%s' "$units"; return 0; fi
  units=$(systemctl list-unit-files --no-legend --state=enabled 'fingertip-worker*' 2>/dev/null | sed 's/[[:space:]].*//' | grep -v '@\.' || true)
  printf '%s\n' "${units:-fingertip-worker.service}"
}

# release_name FOLDER: the commit, or what the files are where there is no git.
release_name() {
  local commit
  if commit=$(git -c safe.directory='*' -C "$1" rev-parse --short=12 "${2:-HEAD}" 2>/dev/null); then printf '%s' "$commit"; return; fi
  (cd "$1" && source_files | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-12
}
source_files() {
  find . \( -name .venv -o -name node_modules -o -name .git -o -path ./var -o -path ./static -o -path ./staticfiles -o -name __pycache__ \
    -o -name '.*_cache' \) -prune -o -type f -print0
}

# build FROM NAME [REF]: put the code into $DIR/releases/NAME with all that it needs (deploy/setup.sh), before anything of the
# running site is touched. It is built by the service's user, then belongs to root: the service cannot change its own code.
build() {
  local from=$1 name=$2 ref=${3:-HEAD} target=$DIR/releases/$2
  RELEASE=$target
  if [ -f "$target/.complete" ]; then return 0; fi
  if [ "$DRY_RUN" = 1 ]; then did "将装好代码 $name：$target"; return 0; fi
  say "装好代码 $name（Python 和前端的包，要几分钟）"
  rm -rf "$target"; mkdir -p "$target"; chmod 755 "$DIR" "$DIR/releases" "$target"
  if git -c safe.directory='*' -C "$from" rev-parse HEAD >/dev/null 2>&1; then
    git -c safe.directory='*' -C "$from" archive "$ref" | tar -x -C "$target"
  else
    (cd "$from" && source_files | tar --null -T - -c) | tar -x -C "$target"
  fi
  chmod -R go+rX,go-w "$target"
  BUILD_HOME=$target/.home; mkdir "$BUILD_HOME"
  chown -R "$USER_NAME:$USER_NAME" "$target"
  (umask 022; as_user bash -c 'cd "$0" && exec deploy/setup.sh run' "$target") || die "代码没有装好（原因见上面）。什么都没有改，网站照常；修好后把同一条命令再运行一次。"
  as_user "$target/.venv/bin/python" -m compileall -q -x '/(\.venv|node_modules|\.home)/' "$target"
  rm -rf "$BUILD_HOME" "$target/frontend/node_modules"; BUILD_HOME=
  chown -R root:root "$target"
  ln -s "$ETC/env" "$target/.env"
  printf '%s\n' "$name" > "$target/.complete"
  did "代码 $name：$target"
}

# answers ADDRESS SECONDS: whether the site answers 200 there, asked as nginx's neighbour would ask.
answers() {
  local until=$((SECONDS + $2))
  while [ $SECONDS -lt $until ]; do
    if curl -sk -o /dev/null -f --max-time 5 --resolve "$DOMAIN:443:127.0.0.1" "https://$DOMAIN$1"; then return 0; fi
    sleep 1
  done
  return 1
}
