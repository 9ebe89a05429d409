# Every target in one line of intent; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run storefront reset adopt service test-service test race contract test-typescript test-storefront gen gen-typescript gen-check lint-openapi breaking contract-report release-contract lint lint-ci check prove long rotation million bench oracle generative planted fuzz load load-check profile

# What is built here is to be tested, not to be shipped: with its default.pgo, each service and all that it imports would be
# compiled once more. make load builds what is shipped.
export GOFLAGS = $(strip $(shell go env GOFLAGS 2>/dev/null) -pgo=off)

# A linter has to be built with the Go that it lints for; go tool sees to that.
TOOL = go tool -modfile=tools/$(1)/go.mod $(1)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Every document in openapi/ is a service's.
SERVICES := $(patsubst openapi/%.yaml,%,$(wildcard openapi/*.yaml))

run: bin/dev ## start everything for development; Ctrl-C stops it
	@exec bin/dev run

ADDR = $(or $(PLUMBLINE_ADDR),127.0.0.1:8080)
storefront: examples/storefront/node_modules ## start the example front end beside make run
	@node -e 'fetch("http://$(ADDR)/openapi/orders.json").catch(() => process.exit(1))' || \
	  { echo "The services are not at $(ADDR): start them with make run in another terminal, or name their address in PLUMBLINE_ADDR"; exit 1; }
	@cd examples/storefront && exec npm run --silent dev

reset: bin/dev ## forget the development data
	@bin/dev reset

.PHONY: bin/dev
bin/dev:
	@command -v go >/dev/null || { echo "Go is missing: install Go 1.26 or later from https://go.dev/dl/"; exit 1; }
	@if test -e $@; then go build -o $@ ./cmd/dev; else echo "building for the first time; this takes a minute or two"; go build -v -o $@ ./cmd/dev; fi

PACKAGES ?= ./...
COUNT ?= 1
test: ## run every test against real PostgreSQL, or those of PACKAGES, COUNT times
	@go run ./test/suite -count $(COUNT) $(PACKAGES)

race: ## run every test of PACKAGES with the race detector, those of the contract too; this takes minutes
	@go run ./test/suite -race all -count $(COUNT) $(PACKAGES)

contract: ## run the tests of the contract alone, tell what they exercise and draw it in contract/matrix.html
	@go run ./test/suite -contract

CHROMIUM ?= $(shell command -v chromium)
test-typescript: bin/dev clients/typescript/node_modules ## test the TypeScript client in Node and in Chromium
	@test -x "$(CHROMIUM)" || { echo "Chromium is missing: apt-get install chromium, or name one in CHROMIUM"; exit 1; }
	cd clients/typescript && npm run --silent check && CHROMIUM="$(CHROMIUM)" npm test --silent

test-storefront: bin/dev examples/storefront/node_modules ## test the example front end in Chromium
	@test -x "$(CHROMIUM)" || { echo "Chromium is missing: apt-get install chromium, or name one in CHROMIUM"; exit 1; }
	cd examples/storefront && npm run --silent check && CHROMIUM="$(CHROMIUM)" npm test --silent

# What the lockfile pins; made anew only when that has changed. npm ci begins by removing the folder: the file in it is there
# once all of the rest is.
.PHONY: clients/typescript/node_modules examples/storefront/node_modules
clients/typescript/node_modules examples/storefront/node_modules: %/node_modules: %/node_modules/.complete
clients/typescript/node_modules/.complete examples/storefront/node_modules/.complete: %/node_modules/.complete: %/package-lock.json
	@command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b < 2019 ? 1 : 0)' || \
	  { echo "Node 20.19 or later, with npm, is missing: https://nodejs.org/ has it"; exit 1; }
	cd $* && npm ci --prefer-offline --no-audit --no-fund && touch node_modules/.complete

# A generator is built once, and anew when the version that its go.mod pins has changed.
bin/tools/%: tools/%/go.mod tools/%/go.sum
	go build -modfile=$< -o $@ tool

# Without cgo, sqlc parses SQL in WebAssembly: it is the same on every machine and needs no C compiler.
bin/tools/sqlc: export CGO_ENABLED = 0

gen: bin/tools/oapi-codegen bin/tools/sqlc ## make gen/ anew from the documents, the queries and the TypeScript client; without Node, all but gen/ts; and docs/settings.md
	tools/generate
	@go run ./tools/settings || echo "docs/settings.md is left as it was: make gen writes it once the code compiles"

gen-typescript: ## make only gen/ts anew
	tools/generate typescript

lint-openapi: ## hold the documents against the rules of documents
	go run ./test/contract/lint -policy openapi/policy.schema.json openapi/*.yaml impl/devkit/frontend/dev.yaml

breaking: ## compare the documents with the released ones; fail when a caller would break
	go run ./test/contract/breaking $(SERVICES:%=openapi/%.yaml)

BASE ?= openapi/released
contract-report: ## write contract-report/: what differs from BASE, a revision of git or a folder
	go run ./test/contract/breaking -base '$(BASE)' -report contract-report $(SERVICES:%=openapi/%.yaml)

release-contract: ## make the documents the released ones and write openapi/CHANGELOG.md
	go run ./test/contract/breaking -release $(SERVICES:%=openapi/%.yaml)

adopt: bin/tools/oapi-codegen bin/tools/sqlc ## name module, npm scope and product anew: MODULE=github.com/acme/shop SCOPE=@acme
	@MODULE='$(MODULE)' SCOPE='$(SCOPE)' tools/adopt

service: ## write a new service: NAME=reviews, and RESOURCE=Item where NAME is no plural of what it keeps
	@go run ./tools/service -name '$(NAME)' -resource '$(RESOURCE)'

test-service: bin/tools/oapi-codegen bin/tools/sqlc ## write a service in a copy, hold it against every check and start it
	go test -timeout 20m -count=1 -v -run 'TestANewService' ./tools/service -full

# The linter of our own: it finds SQL text that is built at run time.
bin/tools/sqltext: $(wildcard tools/sqltext/*.go) tools/sqltext/go.mod tools/sqltext/go.sum
	go build -C tools/sqltext -o ../../$@ .

lint: bin/tools/sqltext ## vet and lint the code, and test the linter of our own
	go vet ./...
	go test -C tools/sqltext ./...
	go vet -vettool=$(CURDIR)/bin/tools/sqltext ./...
	$(call TOOL,golangci-lint) run

lint-ci: ## hold the workflows for GitHub against their rules
	$(call TOOL,actionlint)

gen-check: bin/tools/oapi-codegen bin/tools/sqlc ## prove that gen/ is what it is made from
	tools/generate check

check: lint-openapi breaking gen-check lint lint-ci test load-check test-typescript test-storefront ## everything that CI proves

long: race prove rotation oracle generative planted fuzz million bench load ## the tests with their full figures, every night; this takes an hour or more

# CI calls each of these with small figures, so that none rots: see .ci/run.
FULL ?= -full
MACHINES ?= 2000
prove: ## prove the promises of orders with their full figures, and by MACHINES random histories; this takes some minutes
	go test -timeout 30m -count=1 -run 'TestNeverOversold|TestEachKeyOrdersOnce|TestBasketsAddUp|TestStockIsLinearizable' -v ./impl/orders $(FULL)
	go test -timeout 30m -count=1 -run TestStateMachine -v ./impl/orders -rapid.checks $(MACHINES)

rotation: ## rotate the key of 100,000 accounts under load, end it half-way, and show how long it took and that no read failed
	go test -timeout 30m -count=1 -run TestReencryptUnderLoad -v ./impl/users $(FULL)

ORDERS ?= 1000000
million: ## make a million orders, or ORDERS, show what lists and exports of them cost, and draw it in million.html
	go run ./test/load/million -orders $(ORDERS)

# Only packages with benchmarks are built. BENCH_FOR=2s BENCH_TIME=1x is the short form, which shows that every benchmark runs.
BENCH_FOR ?= 40s
BENCH_TIME ?= 200ms
BENCH_JSON ?= bench.json
bench: ## measure the services beside a bare handler and beside pgbench, for BENCH_FOR each; the table is also in BENCH_JSON
	@set -o pipefail; grep -rlE '^func Benchmark' --include='*_test.go' impl | xargs -n 1 dirname | sort -u | sed 's|^|./|' | \
	  BENCH_FOR=$(BENCH_FOR) xargs go test -run '^$$' -bench . -benchmem -benchtime $(BENCH_TIME) -timeout 20m | \
	  go run ./test/bench -json $(BENCH_JSON)

# MIX names weights that differ from the usual ones, as in MIX=order=20,login=0; LOAD has further flags of test/load, as in
# LOAD='-users http://… -orders http://…' for services that run already.
RATE ?= 100
DURATION ?= 30s
CLIENTS ?= 50
MEAN ?= 100ms
P99 ?= 500ms
ERRORS ?= 0.01
load: ## call both services as a shop's visitors do and hold them to MEAN, P99 and ERRORS; draw it in load.html; CAPACITY=1 finds the highest rate
	@go run ./test/load -rate $(RATE) -duration $(DURATION) -clients $(CLIENTS) -mix '$(MIX)' \
	  -mean $(MEAN) -p99 $(P99) -errors $(ERRORS) $(if $(CAPACITY),-find-capacity) $(LOAD)

load-check: ## the same in short: answers are right and few are refused; times mean nothing on a busy machine
	@go run ./test/load -rate 20 -duration 5s -customers 20 -hold 2s -mean 0 -p99 0 -errors 0.05 -pgo off \
	  -report bin/load/check.html -json bin/load/check.json

PROFILES ?= cmd
profile: ## take CPU profiles under load, make them default.pgo of each service, and show what that gains; this takes minutes
	@go run ./test/load -profiles $(PROFILES) -rate 300 -duration 1m -step 10s $(LOAD)

SAMPLES ?= 1000
oracle: ## take the time of SAMPLES answers about accounts that there are and are not, idle and under load; this takes minutes
	go test -timeout 30m -count=1 -v -run 'TestNoOracle' ./impl/users -samples $(SAMPLES)

CHECKS ?= 1000
generative: ## make CHECKS requests of each operation, and CHECKS sequences, at random from the documents; a thousand unless told otherwise
	go test -timeout 0 -count=1 -v -run '^TestContract$$/^(WhatTheDocument|SequencesHoldTogether)' $(SERVICES:%=./impl/%) -rapid.checks $(CHECKS)

planted: ## break the services in one place at a time, those that BUG names, and show that the generated tests find each; this takes minutes
	go run ./test/contract/planted $(BUG)

FUZZTIME ?= 1m
FUZZ ?= Fuzz
fuzz: ## run each fuzz target that matches FUZZ for FUZZTIME, a minute unless told otherwise
	@grep -rlE '^func Fuzz' --include='*_test.go' impl | while read -r file; do \
	  grep -oE '^func Fuzz[A-Za-z]+' "$$file" | sed 's/func //' | grep -E '$(FUZZ)' | while read -r target; do \
	    echo "== $$target in $$(dirname "$$file")"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" || exit 1; \
	  done || exit 1; \
	done
