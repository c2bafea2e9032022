#!/bin/sh
# Tocsin and its peers on the same topics: see bench/peers/peers.bench.ts for EVENTS, ROUNDS, ONLY and BENCH.
set -eu
cd "$(dirname "$0")/.."
exec node_modules/.bin/node --disable-warning=ExperimentalWarning bench/peers/peers.bench.ts
