#!/bin/sh
# Installs what package-lock.json names. `setup.sh` installs everything; `setup.sh runtime` only what `bin/tocsin`
# needs to run, and what builds the page: no tools, no chDB (543 MB). Quick when nothing changed: node_modules/.tocsin-setup holds the lockfile's
# checksum and how much was installed. Exit 2 with one line where the machine lacks something.
set -eu
cd "$(dirname "$0")/.."

want=${1:-all}
marker=node_modules/.tocsin-setup

fail() {
  echo "setup: $1" >&2
  exit 2
}

command -v node >/dev/null 2>&1 || fail 'no "node" found; expected Node.js 20 or newer: install it from https://nodejs.org or your package manager'
command -v npm >/dev/null 2>&1 || fail 'no "npm" found; expected the npm that comes with Node.js: install it from https://nodejs.org or your package manager'
found=$(node -p process.versions.node) || fail '"node" does not start; expected Node.js 20 or newer'
[ "${found%%.*}" -ge 20 ] || fail "found Node.js $found; expected 20 or newer: update it (https://nodejs.org)"

lock=$(cat package.json package-lock.json | cksum | tr ' ' '-')
have=$(cat "$marker" 2>/dev/null || echo none)
node_works() { [ "$(node_modules/.bin/node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" = 24 ]; }
case $have in
  "$lock all") node_works && { echo 'setup: node_modules is up to date'; exit 0; } ;;
  "$lock runtime") [ "$want" = runtime ] && node_works && exit 0 ;;
esac

steps=4
[ "$want" = runtime ] && steps=3
echo "[1/$steps] Node.js $found, npm $(npm --version 2>/dev/null)"

# npm says nothing while it works unless it has a terminal: tell the size of what has arrived.
progress_pid=
stop_progress() {
  [ -z "$progress_pid" ] || kill "$progress_pid" 2>/dev/null || true
  progress_pid=
}
trap stop_progress EXIT
trap 'exit 130' INT TERM
run_npm() {
  [ -t 1 ] || {
    ( while sleep 10 >/dev/null 2>&1; do echo "      still installing: $(du -sm node_modules 2>/dev/null | cut -f1) MB so far"; done ) &
    progress_pid=$!
  }
  npm "$@" --no-fund --no-audit --loglevel=error || {
    stop_progress
    fail "npm $1 failed (see above). Is the registry reachable ($(npm config get registry 2>/dev/null))? Mend that and run it again"
  }
  stop_progress
}

# An install that was cut short, or not begun by this script, is made anew; a finished one is brought up to date in place.
fresh=no
case $have in none | installing) fresh=yes ;; esac
installed=$want
mkdir -p node_modules
echo installing > "$marker"

if [ "$fresh" = yes ]; then
  echo "[2/$steps] installing what Tocsin runs on, its own Node.js 24 among it (about 260 MB)"
  rm -rf node_modules
  run_npm ci --omit=dev --omit=optional
  # shellcheck disable=SC2046 # one word a package
  run_npm install --no-save --omit=dev --omit=optional $(node scripts/platform-packages.mjs)
  echo installing > "$marker"
elif [ "$want" = runtime ]; then
  echo "[2/$steps] bringing node_modules up to date"
  case $have in
    *' runtime') run_npm install --no-save --omit=dev --omit=optional $(node scripts/platform-packages.mjs) ;;
    *) run_npm install --no-save && installed=all ;;
  esac
else
  echo "[2/$steps] node_modules is there: only what changed"
fi
if [ "$want" = all ]; then
  echo "[3/$steps] installing the tools for tests, and chDB for the OLAP store (about 750 MB on disk)"
  run_npm install --no-save
fi

# Install scripts may be switched off in the user's npm settings; the Node.js binary needs one.
if ! node_works; then
  (cd node_modules/node && node installArchSpecificPackage.js >/dev/null) || true
  mkdir -p node_modules/.bin
  ln -sf ../node/bin/node node_modules/.bin/node
fi
node_works || fail 'node_modules/.bin/node is not Node.js 24; expected the npm package "node" to put it there: allow its install script ("npm rebuild node") and run again'
echo "[$steps/$steps] ready: $(node_modules/.bin/node --version) in node_modules"
if [ "$want" = all ] && ! [ -d node_modules/chdb ]; then
  echo '      without chDB: it is not available for this platform. Everything but the OLAP store works.'
fi
echo "$lock $installed" > "$marker"
