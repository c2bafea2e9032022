#!/bin/sh
# How well is detection? The labelled series (KPI, NAB), then AdSim in its regimes, then how soon looks ring; tables here, numbers in bench/out/*.json.
# Both need data that lies beside the checkout (../shared), and say so where it is not there. QUICK=1: two small AdSim runs.
# Arguments go to bench/detection/adsim.bench.ts: --regimes, --seeds, --segments, --budget, --jobs.
set -eu
cd "$(dirname "$0")/.."

node() { nice -n 10 node_modules/.bin/node --disable-warning=ExperimentalWarning "$@"; }

# The table at the end is of this run alone.
rm -f bench/out/adsim.json bench/out/series.json bench/out/detection.json
node bench/detection/series.bench.ts
echo
if [ -n "${QUICK:-}" ]; then
  node bench/detection/adsim.bench.ts --quick "$@"
else
  echo "AdSim: 56 runs of a week or two each, two at a time (--jobs); QUICK=1: two small ones"
  node bench/detection/adsim.bench.ts --all --jobs 2 "$@"
fi
echo
node bench/detection/table.bench.ts
echo
echo "as JSON: bench/out/series.json, adsim.json and detection.json (where the data was there)"
if [ -z "${QUICK:-}" ]; then
  echo
  node bench/detection/looks.bench.ts
fi
