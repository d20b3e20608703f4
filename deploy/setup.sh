#!/bin/bash
# Set-up in idempotent steps; each leaves a stamp, so that a second run costs nothing.
#   deploy/setup.sh run     what the product needs
#   deploy/setup.sh test    the same and what the tests need
# Asks no question. Without root or sudo it installs no Debian package and names those that are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}
started=$SECONDS

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf 'set-up stopped: %s\n' "$*" >&2; exit 1; }
done_already() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
fingerprint() { cat "$@" 2>/dev/null | sha256sum | cut -c1-16; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || die "python3 is missing (Debian package python3)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or newer is needed, this is $("$python" -V)"
command -v node >/dev/null && command -v npm >/dev/null || die "Node 20 with npm is missing"
[ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] || die "Node 20 or newer is needed, this is $(node -v)"

# --- Debian packages ---------------------------------------------------------------------------------------------
wanted=$(grep -hv '^#' deploy/packages.txt)
[ "$what" = test ] && wanted="$wanted $(grep -hv '^#' deploy/packages-test.txt)"
"$python" -c 'import ensurepip, venv' 2>/dev/null || wanted="$wanted python3-venv"
missing=""
for package in $wanted; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ]; then root=""
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then root="sudo -n"
  else die "these Debian packages are missing and there is no root to install them:$missing
  ask an administrator for:  apt-get install --no-install-recommends$missing"
  fi
  say "Installing Debian packages:$missing"
  # Debian's janus package would start a demonstration server with a known secret on all addresses: never let it.
  $root mkdir -p /etc/systemd/system
  [ -e /etc/systemd/system/janus.service ] || $root ln -s /dev/null /etc/systemd/system/janus.service
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $root tee $policy >/dev/null; $root chmod +x $policy
    trap '$root rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  $root apt-get update -qq
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 $missing >/dev/null
fi

# --- Python ------------------------------------------------------------------------------------------------------
[ -x .venv/bin/python ] || { say "Making the virtual environment .venv"; "$python" -m venv .venv; }
install() {  # install LOCK STAMP
  local mark; mark=$(fingerprint "$1")
  done_already ".venv/$2" "$mark" && return 0
  say "Installing Python packages from $1"
  # The lock is complete: without --no-deps, pip 23 asks the index again for every "package[extra]" and refuses a newer one.
  .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes -r "$1"
  .venv/bin/python -m pip check
  echo "$mark" > ".venv/$2"
}
install requirements.txt .stamp-run
[ "$what" = test ] && install requirements-dev.txt .stamp-dev

# --- Front end ---------------------------------------------------------------------------------------------------
mark=$(fingerprint frontend/package-lock.json)
if ! done_already frontend/node_modules/.stamp "$mark"; then
  say "Installing the front end's packages"
  (cd frontend && npm ci --no-audit --no-fund --loglevel=error)
  echo "$mark" > frontend/node_modules/.stamp
fi
mark=$( (cd frontend && find . -path ./node_modules -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum) | sha256sum | cut -c1-16)
if ! done_already static/.stamp "$mark"; then
  say "Building the front end"
  (cd frontend && npm run --silent build)
  echo "$mark" > static/.stamp
fi

# --- Translations and static files -------------------------------------------------------------------------------
mark=$(fingerprint $(find locale -name '*.po' | LC_ALL=C sort))
if ! done_already .venv/.stamp-locale "$mark"; then
  say "Compiling translations"
  for po in $(find locale -name '*.po'); do msgfmt --check-format -o "${po%.po}.mo" "$po"; done
  echo "$mark" > .venv/.stamp-locale
fi
mark=$(cat static/.stamp requirements.txt | sha256sum | cut -c1-16)
if ! done_already .venv/.stamp-static "$mark" || [ ! -f staticfiles/staticfiles.json ]; then
  say "Collecting static files (about half a minute)"
  VAR_DIR=$(mktemp -d) DEMO=1 .venv/bin/python manage.py collectstatic --noinput --verbosity 0
  echo "$mark" > .venv/.stamp-static
fi
[ $((SECONDS - started)) -lt 5 ] || say "Set up in $((SECONDS - started)) s"
