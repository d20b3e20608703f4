#!/bin/bash
# deploy/rehearse.sh (make rehearse): install the committed code in a bare Debian 12 (debootstrap), use it, upgrade it, break it, mend it.
# Root, debootstrap, a Debian mirror, PyPI and npm. The root has mounts and processes of its own and the machine's network:
# ports 80, 443, 5432, 6399 and 3478 must be free.
# systemd itself cannot run in there: tests/rehearsal/systemctl.py starts the units' commands (what it does not do stands at its top).
#   REHEARSAL=/folder   where the roots lie (default: a temporary folder); the bare one is kept there and used again
set -euo pipefail
here=$(cd -P "$(dirname "$0")/.." && pwd)
work=${REHEARSAL:-$(mktemp -d /var/tmp/fingertip-rehearsal.XXXXXX)}
[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 1; }
for tool in debootstrap unshare git; do command -v $tool >/dev/null || PATH=$PATH:/usr/sbin:/sbin; command -v $tool >/dev/null || { echo "needs $tool" >&2; exit 1; }; done
mkdir -p "$work"
cleaned() { [ -n "${REHEARSAL:-}" ] || rm -rf "$work"; }
trap cleaned EXIT
say() { printf '\n\033[1m=== %s\033[0m\n' "$*"; }

if [ ! -f "$work/bare/.done" ]; then
  say "A bare Debian 12"
  rm -rf "$work/bare"
  debootstrap --variant=minbase --include=systemd,ca-certificates,git,sudo,python3 bookworm "$work/bare" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" | grep -E '^(E:|I: Base)' || true
  touch "$work/bare/.done"
fi
say "A fresh root, with this checkout in /home/admin/fingertip"
rm -rf "$work/root"; cp -a "$work/bare" "$work/root"; root=$work/root
# How this machine reaches the registries, by files and environment; nothing of it is the project's.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
for file in /etc/pip.conf "${HOME:-/root}/.npmrc"; do [ ! -f "$file" ] || cp "$file" "$root/etc/$([ "$file" = /etc/pip.conf ] && echo pip.conf || echo npmrc)"; done
mkdir -p "$root/home/admin" "$root/old"
git -c safe.directory='*' clone -q --no-hardlinks "$here" "$root/home/admin/fingertip"
cp "$here/tests/rehearsal/systemctl.py" "$root/usr/bin/systemctl"; chmod 755 "$root/usr/bin/systemctl"
echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/rehearsal"  # a root that is thrown away need not reach the disk

# pivot_root, not chroot: the kernel lets nobody make user namespaces (bubblewrap) inside a chroot.
exec_in='set -e
mount --bind "$0" "$0"; cd "$0"
mount -t proc proc proc; mount --rbind /dev dev; mount -t sysfs sysfs sys; mount -t tmpfs -o mode=755 tmpfs run; mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p run/systemd/system run/lock; hostname ketang
pivot_root . old; cd /; umount -l /old
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
exec bash /home/admin/fingertip/tests/rehearsal/inside.sh'
unshare --mount --pid --fork --uts --propagation private sh -c "$exec_in" "$root"
