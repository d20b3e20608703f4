#!/bin/bash
# Everything that can be said without running the product.
set -uo pipefail
cd "$(dirname "$0")/.."
VAR_DIR=$(mktemp -d) && export VAR_DIR DEBUG=1
trap 'rm -rf "$VAR_DIR"' EXIT
steps=()
# As many steps at once as there are processors; what they say is printed in their order.
step() {
  local name=$1 said="$VAR_DIR/${#steps[@]}"; shift
  while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
  { "$@" > "$said.out" 2>&1; echo $? > "$said.status"; } &
  steps+=("$name")
}
python=.venv/bin/python
templates="organizations attendance certificates api quizzes packages media cms meetings courses live lti"
step "types"         .venv/bin/mypy .
step "format"        .venv/bin/ruff format --check .
step "lint"          .venv/bin/ruff check .
step "imports"       .venv/bin/lint-imports
step "templates"     .venv/bin/djlint --lint --quiet $templates
step "indentation"   .venv/bin/djhtml --check --tabwidth 2 config $templates
step "line length"   $python -m tests.templates config $templates
step "front end"     npm --prefix frontend run --silent check
step "its tests"     npm --prefix frontend test --silent -- --test-reporter=dot
step "migrations"    $python manage.py makemigrations --check --dry-run
step "system check"  $python manage.py check --fail-level WARNING
step "deploy check"  env DEBUG=0 SMS_WAY=http SMS_URL="https://sms.example.cn/send" SMS_BODY="to={mobile}&text={text}" TRUSTED_PROXIES=127.0.0.1 SECRET_KEY="$(head -c 60 /dev/urandom | base64 -w0)" PHONE_KEY="$(head -c 60 /dev/urandom | base64 -w0)" \
                     SITE_URL=https://classroom.example.org REDIS_URL=redis://127.0.0.1:6379/0 \
                     DATABASE_URL=postgres://classroom@127.0.0.1/classroom $python manage.py check --deploy --fail-level ERROR
step "translations"  $python -m tests.translations
wait
failed=0
for number in "${!steps[@]}"; do
  if [ "$(cat "$VAR_DIR/$number.status")" = 0 ]; then
    printf '  ok      %s\n' "${steps[number]}"
  else
    printf '  FAILED  %s\n' "${steps[number]}"; cat "$VAR_DIR/$number.out"; failed=1
  fi
done
exit $failed
