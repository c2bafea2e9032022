#!/bin/sh
# Builds the dashboard into web/dist with the project's own Node.js. `--if-changed`: only where a source is newer than what was built.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
export PATH NODE_OPTIONS=--disable-warning=ExperimentalWarning

if ! [ -x node_modules/.bin/vite ]; then
  echo 'build-web: Vite is not installed: run `make setup` first' >&2
  exit 2
fi
if [ "${1-}" = --if-changed ] && [ -f web/dist/index.html ]; then
  newer=$(find web/src web/public web/index.html web/vite-config.ts src/core src/alerts src/notify src/receivers src/server/api.ts package-lock.json -newer web/dist/index.html | head -n 1)
  [ -n "$newer" ] || exit 0
fi
exec node node_modules/vite/bin/vite.js build --config web/vite-config.ts --logLevel "${BUILD_WEB_LOG:-warn}"
