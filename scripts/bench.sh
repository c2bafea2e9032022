#!/bin/sh
# Runs every bench/*.bench.ts one after the other (`bench.sh soak`: every bench/*.soak.ts), each in a process of its own;
# a name after that runs only the files that contain it. Each prints its own ratios and exits 1 when it misses its bar.
set -eu
cd "$(dirname "$0")/.."

kind=bench
[ "${1:-}" != soak ] || { kind=soak; shift; }
failed=
count=0
for file in bench/*"${1:-}"*."$kind".ts; do
  [ -f "$file" ] || continue
  count=$((count + 1))
  echo "== $file"
  node_modules/.bin/node --expose-gc --disable-warning=ExperimentalWarning "$file" || failed="$failed $file"
done
[ "$count" -gt 0 ] || { echo "no bench/*${1:-}*.$kind.ts to run" >&2; exit 2; }
[ -z "$failed" ] || { echo "missed their bar:$failed" >&2; exit 1; }
