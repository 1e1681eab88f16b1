#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the server links, read off the archives of the rooms: nothing of the secret side and nothing of float models.
usage: check_secrets.py libROOM.a ...

1. From the undefined symbols of `server` the rooms that it pulls in are followed to the end; none of FORBIDDEN is among
   them, and each of them is asked by itself, too.
2. Every global symbol of every room is called nescio_something."""
import pathlib, re, subprocess, sys

SERVER = {'server', 'runtime', 'format', 'tfhe', 'plan', 'circuit', 'kernels', 'random', 'tensor', 'base'}
FORBIDDEN = {'secret', 'client', 'codec', 'refexec', 'graph', 'onnx', 'quant', 'passes', 'predict', 'compile'}


def symbols(archive, flag):
    """Names that nm lists with `flag`, the global ones only."""
    text = subprocess.run(['nm', '-g', flag, str(archive)], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1] for line in text.splitlines() if re.match(r'^([0-9a-f]+)?\s*[A-Z] \S', line.strip().lstrip()) or ' U ' in line}


archives = {re.sub(r'^lib', '', pathlib.Path(a).stem): a for a in sys.argv[1:]}
bad = [f'no archive of room {room}: is it still a room?' for room in sorted((SERVER | {'secret', 'client'}) - set(archives))]
defined = {room: symbols(a, '--defined-only') for room, a in archives.items()}
wanted = {room: symbols(a, '--undefined-only') for room, a in archives.items()}
maker = {name: room for room, names in defined.items() for name in names}

for room, names in sorted(defined.items()):
    bad += [f'{room}: global symbol {name} is not called nescio_...' for name in sorted(names) if not name.startswith('nescio_')]
    if not names:
        bad.append(f'{room}: no symbols found')

reached, todo = {'server'}, ['server']
while todo and not bad:
    room = todo.pop()
    for name in sorted(wanted[room]):
        other = maker.get(name)
        if other in FORBIDDEN:
            bad.append(f'{room} needs {name} of {other}')
        elif other and other not in reached:
            reached.add(other)
            todo.append(other)
if not bad:
    bad += [f'server pulls in {room}, which is not on its list' for room in sorted(reached - SERVER)]
    bad += [f'server does not reach {room}: is the list still right?' for room in ('runtime', 'tfhe', 'format') if room not in reached]
    for room in sorted(SERVER):
        bad += [f'{room} needs {n} of {maker[n]}' for n in sorted(wanted[room]) if maker.get(n) in FORBIDDEN]
print('\n'.join(bad) if bad else f'server links {", ".join(sorted(reached))}: {len(maker)} symbols looked at')
sys.exit(bool(bad))
