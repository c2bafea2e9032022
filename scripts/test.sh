#!/bin/sh
# All checks, each announced; the tests come last, so that their summary ends the output. A step that fails does not keep
# the others from running: the last line names what failed, exit 1. `test.sh STEP…` runs only those steps.
set -u
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/tocsin}
export PATH NODE_COMPILE_CACHE NODE_OPTIONS=--disable-warning=ExperimentalWarning

failed=
step() {
  number=$1 name=$2
  shift 2
  if [ -n "$only" ]; then case " $only " in *" $name "*) ;; *) return 0 ;; esac fi
  echo "[$number/5] $name"
  "$@" || failed="$failed $name"
}

only=$*
step 1 format oxfmt --check
step 2 lint oxlint --type-aware --deny-warnings
types() { tsc -p . && tsc -p web; }
step 3 types types
step 4 dead-code knip --no-progress
step 5 tests node scripts/services.ts run --if-possible --quick kafka redis -- node scripts/run-tests.ts

[ -z "$failed" ] || { echo "make test: failed:$failed" >&2; exit 1; }
