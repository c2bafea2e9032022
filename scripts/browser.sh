#!/bin/sh
# Prints the path of a Chromium for the browser tests: CHROMIUM, one that is installed, or Debian's package where this may be
# installed (root, apt-get). Exit 1 with a line that says so where there is none.
set -u
for found in "${CHROMIUM:-}" "$(command -v chromium || true)" "$(command -v google-chrome || true)"; do
  [ -n "$found" ] && [ -x "$found" ] && { echo "$found"; exit 0; }
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends chromium; } >&2 || true
  command -v chromium && exit 0
fi
echo 'browser: no Chromium found; install one or name it with CHROMIUM=/path' >&2
exit 1
