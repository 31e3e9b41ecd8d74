#!/bin/bash
# PostgreSQL 15 compiles (JIT) a query of two rows under `enable_seqscan = off`.
#
# Input: a table of two rows without an index, asked with `enable_seqscan = off`, which is meant to
# lead the planner to an index where there is one.
# Expected: the plan costs what it costs, and JIT, which begins at 100,000 (jit_above_cost), is not
# thought of.
# Why it is: "off" adds 10^10 to a plan's cost, and what stands above the thresholds by that is
# compiled, inlined and optimised, every time it runs.
# Seen (Debian's postgresql-15 15.18, 2026-11-29, a loaded machine):
#   enable_seqscan on: JIT 0 times; off: JIT 1 times, with inlining and optimisation, 156 ms
# So a search sets `jit = off` with it (node/documents, DECISIONS 193). Newer servers count disabled
# nodes apart. Needs /usr/lib/postgresql/15 (apt-get install postgresql-15), and root to become its
# user. Ends with 0 while this is so, with 1 once it changed, with 2 where there is no such server.
set -euo pipefail
bin=/usr/lib/postgresql/15/bin
[ -x "$bin/initdb" ] || { echo "no PostgreSQL 15 here"; exit 2; }
folder=$(mktemp -d)
chmod 711 "$folder"
mkdir "$folder/data"
chown -R postgres "$folder/data"
as_server() { (cd / && runuser -u postgres -- "$@"); }
trap 'as_server "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
as_server "$bin/initdb" -D "$folder/data" -A trust >/dev/null
as_server "$bin/pg_ctl" -D "$folder/data" -w -o "-k $folder/data -h ''" -l "$folder/data/log" start >/dev/null
plan() {
    as_server "$bin/psql" -h "$folder/data" -d postgres -qAt \
        -c 'CREATE TEMPORARY TABLE two AS SELECT generate_series(1, 2) AS x' -c 'ANALYZE two' \
        -c "SET enable_seqscan = $1" -c 'EXPLAIN (ANALYZE) SELECT count(*) FROM two WHERE x > 1'
}
on=$(plan on | grep -c '^JIT' || true)
off=$(plan off)
compiled=$(grep -c '^JIT' <<<"$off" || true)
echo "enable_seqscan on: JIT $on times; off: JIT $compiled times"
grep -A 4 '^JIT' <<<"$off" || true
[ "$on" = 0 ] && [ "$compiled" = 1 ]
