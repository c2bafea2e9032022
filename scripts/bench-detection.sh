#!/bin/sh
# How well is detection? The labelled series (KPI, NAB), then AdSim in its regimes; tables here, numbers in bench/out/*.json.
# Both need data that lies beside the checkout (../shared), and say so where it is not there. QUICK=1: two small AdSim runs.
# Arguments go to bench/detection/adsim.bench.ts: --regimes, --seeds, --segments, --budget, --jobs.
set -eu
cd "$(dirname "$0")/.."

node() { nice -n 10 node_modules/.bin/node --disable-warning=ExperimentalWarning "$@"; }

node bench/detection/series.bench.ts
echo
if [ -n "${QUICK:-}" ]; then
  node bench/detection/adsim.bench.ts --quick "$@"
else
  echo "AdSim: 35 runs of a week or two each, with nothing to see until the last is done (20 minutes on an idle core; QUICK=1: 1 minute)"
  node bench/detection/adsim.bench.ts --regimes base,hard,own-burst,own-heavy,own-jump,own-step,own-week "$@"
fi
echo
echo "as JSON: bench/out/series.json, bench/out/adsim.json (where the data was there)"
