#!/bin/bash
# Everything that can be said without running the product.
set -uo pipefail
cd "$(dirname "$0")/.."
VAR_DIR=$(mktemp -d) && export VAR_DIR DEBUG=1
trap 'rm -rf "$VAR_DIR"' EXIT
failed=0
step() {
  local name=$1; shift
  local out; out=$("$@" 2>&1); local status=$?
  if [ $status = 0 ]; then printf '  ok      %s\n' "$name"; else printf '  FAILED  %s\n%s\n' "$name" "$out"; failed=1; fi
}
python=.venv/bin/python
step "format"        .venv/bin/ruff format --check .
step "lint"          .venv/bin/ruff check .
step "types"         .venv/bin/mypy .
step "imports"       .venv/bin/lint-imports
step "templates"     .venv/bin/djlint --lint --quiet organizations attendance media cms meetings courses live
step "indentation"   .venv/bin/djhtml --check --tabwidth 2 config organizations attendance media cms meetings courses live
step "line length"   $python -m tests.templates config organizations attendance media cms meetings courses live
step "front end"     npm --prefix frontend run --silent check
step "its tests"     npm --prefix frontend test --silent -- --test-reporter=dot
step "migrations"    $python manage.py makemigrations --check --dry-run
step "system check"  $python manage.py check --fail-level WARNING
step "deploy check"  env DEBUG=0 SMS_WAY=http SMS_URL="https://sms.example.cn/send" SMS_BODY="to={mobile}&text={text}" TRUSTED_PROXIES=127.0.0.1 SECRET_KEY="$(head -c 60 /dev/urandom | base64 -w0)" PHONE_KEY="$(head -c 60 /dev/urandom | base64 -w0)" \
                     SITE_URL=https://classroom.example.org REDIS_URL=redis://127.0.0.1:6379/0 \
                     DATABASE_URL=postgres://classroom@127.0.0.1/classroom $python manage.py check --deploy --fail-level ERROR
step "translations"  $python -m tests.translations
exit $failed
