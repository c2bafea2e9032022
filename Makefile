# Needs Node.js >= 20 with npm, and make. `make help` lists the targets.
.DEFAULT_GOAL := help
SERVICES := node_modules/.bin/node --disable-warning=ExperimentalWarning scripts/services.ts run --if-possible kafka redis --
KAFKA := $(subst kafka redis,kafka,$(SERVICES))
.PHONY: help setup web demo test bench bench-peers bench-detection soak fmt

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

setup: ## install everything (the project brings its own Node.js 24; about 1 GB with chDB)
	@sh scripts/setup.sh

web: setup ## build the dashboard into web/dist
	@sh scripts/build-web.sh

demo: ## watch generated ad events turn into live windows, and the first alert ring (Ctrl-C ends it)
	@sh scripts/setup.sh runtime
	@sh scripts/build-web.sh --if-changed
	@sh scripts/demo.sh

test: setup ## format, lint, types, dead code, tidiness and all tests
	@sh scripts/build-web.sh --if-changed
	@sh scripts/test.sh

bench: setup ## measure the hot paths, as ratios within one run
	@$(SERVICES) sh scripts/bench.sh

bench-peers: setup ## measure the same topic through Tocsin, Flink, Kafka Streams and plain consumers (EVENTS=8 ROUNDS=3 ONLY=flink)
	@$(KAFKA) sh scripts/bench-peers.sh

bench-detection: setup ## measure detection: false alarms, recall, delay on AdSim, KPI series and NAB (QUICK=1: a minute)
	@sh scripts/bench-detection.sh

soak: setup ## long runs: 200 kills with SIGKILL, also on real systems, an hour at full speed, overload, every property test fortyfold
	@$(SERVICES) sh scripts/bench.sh soak
	@SOAK=1 node_modules/.bin/node --test 'test/property/*.test.ts'
	@SOAK=1 $(SERVICES) node_modules/.bin/node --test --test-timeout=3600000 'test/crash/*.test.ts' test/e2e/overload.test.ts test/e2e/commerce.test.ts test/e2e/kafka.test.ts test/e2e/adtech-sample.test.ts

fmt: setup ## format all files
	@node_modules/.bin/oxfmt
