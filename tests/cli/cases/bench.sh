# Timings: what is asked for comes out, and nothing else is accepted. No figure is looked at.
t bench
t bench engine
t bench pbs --variant block5
t bench kernels --batch 5000
nescio bench pbs --json --threads 2 --batch 2 --variant block3 | python3 -c '
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    assert 0 < row["min_ms"] <= row["median_ms"] and 0 < row["bound_ms"], row
    print(*(row[k] for k in "what variant n k N level base_log batch threads".split()))'
