#!/bin/sh
# The demo: generated ad events through the whole engine, on a data directory of its own that is deleted at the end.
# Arguments go to `tocsin run`.
set -u
cd "$(dirname "$0")/.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-demo.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
# Ctrl-C reaches Tocsin too: it ends in its own time, and the directory goes after that.
interrupted=
trap 'interrupted=yes' INT TERM
bin/tocsin run pipelines/demo.yml --data "$dir" "$@"
status=$?
[ -z "$interrupted" ] || exit 0
exit "$status"
