#!/bin/sh
# The demo: the generator's ad events through the whole engine, on a data directory of its own that is deleted at the end.
set -eu
cd "$(dirname "$0")/.."
exec bin/tocsin demo "$@"
