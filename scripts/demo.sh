#!/bin/sh
# The demo: generated ad events through the whole engine. Arguments go to `tocsin demo`.
set -u
cd "$(dirname "$0")/.."
# Ctrl-C reaches Tocsin too: it ends in its own time.
interrupted=
trap 'interrupted=yes' INT TERM
bin/tocsin demo "$@"
status=$?
[ -z "$interrupted" ] || exit 0
exit "$status"
