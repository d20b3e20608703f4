#!/bin/bash
# What deploy/rehearse.sh does inside its root: an operator's first hour, then what may come later. Every step prints what was typed
# and what came; a step that does not do what it must is counted, and the status is their number.
# shellcheck disable=SC2009,SC2317
set -uo pipefail
cd /home/admin/fingertip || exit 1
token=rehearsal-rehearsal-rehearsal domain=ketang.example.cn phone=13800000051 failed=0 began=$SECONDS
printf '127.0.0.1 localhost ketang %s\n' $domain > /etc/hosts
title() { printf '\n\033[1m--- %s\033[0m  [%s s]\n' "$*" $((SECONDS - began)); }
run() { printf '\n$ %s\n' "$*"; "$@"; }
must() { run "$@" || { local rc=$?; printf '!!! ended with status %s\n' $rc; failed=$((failed + 1)); return $rc; }; }
holds() { local what=$1; shift; if "$@"; then printf '  ok      %s\n' "$what"; else printf '  FAILED  %s\n' "$what"; failed=$((failed + 1)); fi; }
web() { curl -sk --max-time 30 -b /tmp/jar -c /tmp/jar "$@"; }
status_of() { web -o /dev/null -w '%{http_code}' "$@"; }
eventually() { for _ in $(seq 60); do [ "$(status_of "$2")" != "$1" ] || return 0; sleep 1; done; return 1; }
is() { [ "$1" = "$2" ]; }
can() { sudo fingertip help --commands 2>/dev/null | grep -qx "$1" || { printf '  (skipped: this version has no command %s)\n' "$1"; return 1; }; }
has() { grep -q -- "$1" "$2"; }
lacks() { ! grep -q -- "$1" "$2"; }

title "1 Try run: only says what it would do"
must deploy/install.sh --domain $domain --dry-run
holds "nothing was made" test ! -e /etc/fingertip
title "2 Install"
must deploy/install.sh --domain $domain --organisation 云溪县 --operator $phone --name 李明 2>&1 | tee /tmp/install.log
[ "${PIPESTATUS[0]}" = 0 ] || { echo "the installation stopped: nothing more to see"; exit 1; }
title "3 It answers"
holds "/readyz 200" is "$(status_of https://$domain/readyz)" 200
holds "http goes to https" is "$(curl -s -o /dev/null -w '%{http_code}' http://$domain/)" 301
holds "a static file by nginx" is "$(status_of https://$domain"$(web -L https://$domain/accounts/login/ | grep -o '/static/[^"]*\.css' | head -n 1)")" 200
run curl -skI https://$domain/healthz
if can doctor; then run sudo fingertip doctor; fi
ps -eo user:12,args | grep -E 'granian|uvicorn|celery|media_agent|janus|redis|turnserver|nginx:' | grep -v grep | cut -c1-150

title "4 The first operator signs in by the link"
link=$(grep -oE "https://$domain/[^ ]+" /tmp/install.log | grep -vE "^https://$domain/?$" | tail -n 1)
if [ -n "$link" ]; then
  rm -f /tmp/jar
  page=$(web -L "$link")
  csrf=$(grep -o 'name="csrfmiddlewaretoken" value="[^"]*"' <<<"$page" | head -n 1 | sed 's/.*value="//;s/"$//')
  [ -z "$csrf" ] || page=$(web -L -e "$link" --data-urlencode "csrfmiddlewaretoken=$csrf" "$link")
  web -L https://$domain/roster/ > /tmp/page.html
  holds "signed in: the roster page opens" has 检查文件 /tmp/page.html
  rm -f /tmp/jar2
  holds "the link works once (410)" is "$(curl -sk -o /dev/null -w "%{http_code}" "$link")" 410
else echo "  (skipped: the installation printed no link)"; fi

title "5 The roster, a training, a report"
cat > /home/admin/名册.csv <<'CSV'
组织,姓名,手机号,编号,角色
永安镇/东风村/第一支部,王一,13911110001,001,书记
永安镇/东风村/第一支部,李二,13911110002,002,
永安镇/东风村/第二支部,张三,13911110003,003,书记
永安镇,赵四,13911110004,004,组织员、讲师
CSV
chmod 600 /home/admin/名册.csv
must sudo fingertip import_roster /home/admin/名册.csv --dry-run
must sudo fingertip import_roster /home/admin/名册.csv
must sudo fingertip shell -v 0 < tests/rehearsal/first_training.py
training=$(sudo fingertip shell -v 0 -c "from attendance.models import Training; print(Training.objects.latest('pk').pk)")
must sudo fingertip report missing --training "$training" --under 1 --format csv --output /home/admin/未参加.csv
run cat /home/admin/未参加.csv
holds "the report names who is missing" has 王一 /home/admin/未参加.csv

title "6 Rights on the disk, and no secret where others read"
for name in phone_key secret_key; do
  cp /etc/fingertip/$name "/tmp/$name"
  holds "/etc/fingertip/$name is 600" is "$(stat -c '%a %U' /etc/fingertip/$name)" "600 fingertip"
done
cut -d: -f3 /etc/fingertip/database_url | cut -d@ -f1 > /tmp/database; cut -d: -f3 /etc/fingertip/redis_url | cut -d@ -f1 > /tmp/redis
for name in phone_key secret_key database redis; do
  holds "$name stands in no process list" test -z "$(ps -eo args | grep -F "$(cat /tmp/$name)" | grep -v grep)"
  holds "$name stands in no environment" test -z "$(cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -F "$(cat /tmp/$name)")"
  holds "$name stands in nothing that all may read" test -z "$(find /etc /opt /var /home -xdev -type f -perm -o=r -size -1M -print0 2>/dev/null | xargs -0 grep -lF "$(cat /tmp/$name)" 2>/dev/null)"
  holds "$name was not printed" lacks "$(cat /tmp/$name)" /tmp/install.log
done
holds "Redis refuses who has no password" has NOAUTH <(redis-cli -p 6399 PING 2>&1)
holds "no open Redis on 6379" test -z "$(redis-cli -p 6379 PING 2>/dev/null)"
holds "the service cannot change its own code" setpriv --reuid fingertip --regid fingertip --clear-groups sh -c '! touch /opt/fingertip/current/manage.py 2>/dev/null'
holds "units pass systemd-analyze verify" systemd-analyze verify /etc/systemd/system/fingertip-*.service /etc/systemd/system/fingertip.target /etc/systemd/system/fingertip-backup.timer

title "6b Another folder for backups, and a token for the figures: the operator's settings stay"
mkdir -p /srv/beifen && chown fingertip:fingertip /srv/beifen && chmod 700 /srv/beifen
sed -i 's|^BACKUP_DIR=.*|BACKUP_DIR=/srv/beifen|' /etc/fingertip/env && echo METRICS_TOKEN=$token >> /etc/fingertip/env
must deploy/install.sh --domain $domain > /tmp/changed.log 2>&1; grep -E '^  [+] |停止|!!!' /tmp/changed.log
holds "the folder stays" has '^BACKUP_DIR=/srv/beifen$' /etc/fingertip/env
must systemctl restart fingertip.target
holds "/readyz 200" eventually 200 https://$domain/readyz
for name in pages-1 pages-2 sockets-1; do
  holds "$name tells its figures" has '^site_disk_free_percent' <(web -H 'Authorization: Bearer '$token https://$domain/metrics/$name)
done

title "7 Install again: nothing to do"
must deploy/install.sh --domain $domain > /tmp/again.log 2>&1; cat /tmp/again.log
holds "it says so" has 什么都不用改 /tmp/again.log

title "8 Backup and a trial restore"
if can backup; then must systemctl start fingertip-backup.service; ls -l /srv/beifen; holds "it lies in that folder" test -n "$(ls -A /srv/beifen)"; fi
if can restore_drill; then must sudo fingertip restore_drill; fi

title "9 Upgrade to a newer commit, with a request every 0.2 s meanwhile"
git config user.email admin@example.cn; git config user.name admin
mkdir -p organizations/migrations
last=$(sudo fingertip showmigrations organizations --plan | tail -n 1 | sed 's/.*organizations\.//;s/ .*//')
cat > organizations/migrations/9999_rehearsal.py <<PY
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("organizations", "$last")]
    operations = [migrations.RunSQL("CREATE TABLE rehearsal (id int)", "DROP TABLE rehearsal")]
PY
git add -A; git commit -qm "A newer version"
(while [ ! -e /tmp/enough ]; do curl -sk -o /dev/null --max-time 10 -w '%{http_code}\n' https://$domain/accounts/login/; sleep 0.2; done) > /tmp/codes &
must deploy/upgrade.sh 2>&1 | tee /tmp/upgrade.log
[ "${PIPESTATUS[0]}" = 0 ] || failed=$((failed + 1))
touch /tmp/enough; wait
echo "answers meanwhile:"; sort /tmp/codes | uniq -c
holds "/readyz 200" is "$(status_of https://$domain/readyz)" 200
holds "no request failed meanwhile" test -z "$(grep -v '^200$' /tmp/codes)"
holds "the new version runs" is "$(cat /opt/fingertip/current/.complete)" "$(git rev-parse --short=12 HEAD)"
holds "again: nothing to do" has 什么都不用改 <(deploy/upgrade.sh 2>&1)
title "10 And back"
holds "code alone is refused where tables were changed" has with-data <(deploy/upgrade.sh --back 2>&1)
if can restore; then must /opt/fingertip/current/deploy/upgrade.sh --back --with-data; holds "/readyz 200" is "$(status_of https://$domain/readyz)" 200; fi

title "11 The database goes away and comes back"
run systemctl stop postgresql
sleep 1
for address in /readyz /accounts/login/; do printf '%s: ' $address; web -o /dev/null -w '%{http_code} after %{time_total} s\n' https://$domain$address; done
run systemctl start postgresql
sleep 10
holds "/readyz 200 again" is "$(status_of https://$domain/readyz)" 200

title "Done: $failed things are not as they must be"
if [ $failed != 0 ]; then for log in /var/log/rehearsal/*.log; do echo "== $log"; tail -n 15 "$log"; done; tail -n 20 /var/log/nginx/error.log; fi
exit $failed
