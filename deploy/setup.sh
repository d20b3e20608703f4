#!/bin/bash
# Set-up in idempotent steps; each leaves a stamp, so that a second run costs nothing.
#   deploy/setup.sh run     what the product needs
#   deploy/setup.sh test    the same and what the tests need
# Asks no question. Needs python3 and, for Debian packages that are missing, root or sudo without a password; without those it
# names what is missing. Node comes from PyPI into .venv unless the machine has one that fits.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}
started=$SECONDS
output=$(mktemp)
policy=""
trap 'rm -f "$output"; [ -z "$policy" ] || $root rm -f "$policy"' EXIT
export PATH="$PWD/.venv/bin:$PATH"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf 'set-up stopped: %s\n' "$*" >&2; exit 1; }
done_already() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
fingerprint() { cat "$@" 2>/dev/null | sha256sum | cut -c1-16; }

# shown TOTAL PATTERN WHAT [EVERY]: pass over the lines of a long step and show how many match: "  40 of 123 packages" (0: how many
# there will be is not known). On a terminal the line is written over; in a log there is one for every tenth part, or EVERY.
shown() {
  tee "$output" | awk -v total="$1" -v pattern="$2" -v what="$3" -v tty="$([ -t 1 ] && echo 1 || echo 0)" -v each="${4:-10}" '
    $0 ~ pattern {
      count++
      text = total > 0 ? sprintf("  %d of %d %s", count > total ? total : count, total, what) : sprintf("  %d %s", count, what)
      every = total > 20 ? int(total / 10) : each
      if (tty) { printf "\r%s", text } else if (count % every == 0) { print text }
      fflush()
    }
    /Retrying|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN/ && !waits { waits = 1; print "  no answer yet, trying again" }
    END { if (tty && count) print ""; else if (count % every) print text }'
}

# failed WHERE HINT: what the step printed last, then one line with what to do.
failed() {
  tail -n 15 "$output" >&2
  die "$1 failed (its last lines are above). If a server did not answer: $2, then run the same command again."
}

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }
# The distribution's own first: a server runs on it, and one that somebody compiled without its profile is a fifth slower.
python=${PYTHON:-python3}
[ -n "${PYTHON:-}" ] || ! fits /usr/bin/python3 || python=/usr/bin/python3
command -v "$python" >/dev/null || die "python3 is missing (Debian package python3)"
fits "$python" ||
  die "Python 3.11, 3.12 or 3.13 is needed, this is $("$python" -V); name another with PYTHON=/path/to/python3.11"

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
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | $root tee $policy >/dev/null; $root chmod +x $policy
  fi
  apt="$root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o Acquire::http::Timeout=30"
  hint="check the network and /etc/apt/sources.list"
  $apt update 2>&1 | shown 0 '^(Get|Hit|Ign)' "package lists" || failed "reading Debian's package lists" "$hint"
  # A server that is away is a warning to apt-get update, so what it cannot find is found out here.
  plan=$($apt install -s --no-install-recommends $missing 2>"$output") || failed "finding Debian packages" "$hint"
  steps=$(grep -cE '^(Inst|Conf)' <<<"$plan" || true)
  $apt install -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing 2>&1 |
    shown "$steps" '^(Unpacking|Setting up)' "steps of unpacking and setting up" || failed "installing Debian packages" "$hint"
fi

# --- Python ------------------------------------------------------------------------------------------------------
[ -x .venv/bin/python ] || { say "Making the virtual environment .venv"; "$python" -m venv .venv; }
install() {  # install LOCK STAMP
  local mark; mark=$(fingerprint "$1")
  done_already ".venv/$2" "$mark" && return 0
  say "Installing Python packages from $1"
  deploy/install-lock.sh .venv/bin/python "$1" 2>&1 | shown "$(grep -cE '^[A-Za-z0-9].*==' "$1")" '^(Collecting|Processing|Ignoring|Requirement already)' packages ||
    failed "installing Python packages" "check the network, or name a mirror with PIP_INDEX_URL=https://…"
  echo "$mark" > ".venv/$2"
}
install requirements.txt .stamp-run
[ "$what" = test ] && install requirements-dev.txt .stamp-dev
deploy/drop-installers.sh .venv/bin/python

# --- Front end ---------------------------------------------------------------------------------------------------
fits() { [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 20 ] && command -v npm >/dev/null; }
fits || install requirements-node.txt .stamp-node
deploy/drop-installers.sh .venv/bin/python
fits || die "Node 20 or newer with npm is needed; the one from requirements-node.txt does not start here"
mark=$(fingerprint frontend/package-lock.json)
if ! done_already frontend/node_modules/.stamp "$mark"; then
  say "Installing the front end's packages"
  (cd frontend && npm ci --no-audit --no-fund --loglevel=http 2>&1) |
    shown 0 'http (fetch|cache)' "packages looked at" ||
    failed "installing the front end's packages" "check the network, or name a mirror with npm_config_registry=https://…"
  echo "$mark" > frontend/node_modules/.stamp
fi
mark=$( (cd frontend && find . -path ./node_modules -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum) | sha256sum | cut -c1-16)
if ! done_already static/.stamp "$mark"; then
  say "Building the front end"
  (cd frontend && npm run --silent build)
  printf '  %s files\n' "$(find static -type f | wc -l)"
  echo "$mark" > static/.stamp
fi

# --- Translations and static files -------------------------------------------------------------------------------
mark=$(fingerprint $(find locale -name '*.po' | LC_ALL=C sort))
if ! done_already .venv/.stamp-locale "$mark"; then
  say "Compiling translations"
  for po in $(find locale -name '*.po'); do msgfmt --check-format --statistics -o "${po%.po}.mo" "$po"; done
  echo "$mark" > .venv/.stamp-locale
fi
mark=$(cat static/.stamp requirements.txt | sha256sum | cut -c1-16)
if ! done_already .venv/.stamp-static "$mark" || [ ! -f staticfiles/staticfiles.json ]; then
  say "Collecting static files"
  scratch=$(mktemp -d)
  VAR_DIR=$scratch DEMO=1 .venv/bin/python manage.py collectstatic --noinput --verbosity 2 2>&1 |
    shown 0 '^(Copying|Post-processed)' "files copied, compressed or named" 100 || failed "collecting static files" "it asks none"
  rm -rf "$scratch"
  echo "$mark" > .venv/.stamp-static
fi
[ $((SECONDS - started)) -lt 5 ] || say "Set up in $((SECONDS - started)) s"
