#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print the keys of the shipped parameter sets in the form that the lattice estimator reads.

    python tools/estimator_sets.py > keys.py; PYTHONPATH=path/to/lattice-estimator sage -python keys.py
                                            the lines of src/params/estimator.def (minutes a key)
    python tools/estimator_sets.py --bits   the committed curve's bits for each key

Keys are binary, moduli those that the words have, TUniform(b) has variance (2^(2b+1) + 1) / 6. Sets come from
src/params/sets.def, the noise bound and the curve are those of src/params/security.c; a unit test holds the C side to the
estimator's figures.
"""
import math
import pathlib
import re
import sys

SET = re.compile(r'^SET\((\w+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\w+),')
OUT_DIM, OUT_MODULUS = 1024, 32
PROGRAM = """from math import log2
from estimator import LWE, ND
ATTACKS = {'usvp': LWE.primal_usvp, 'bdd': LWE.primal_bdd, 'dual_hybrid': LWE.dual_hybrid}
def show(n, b, q, std):
    key = LWE.Parameters(n=n, q=2**q, Xs=ND.Binary, Xe=ND.DiscreteGaussian(std))
    for name, attack in ATTACKS.items():
        cost = attack(key)
        print(f'ESTIMATE({n:4}, {b:2}, {q}, {name + ",":12} {log2(cost["rop"]):6.2f}, {cost["beta"]:4})', flush=True)
"""


def noise_bound(dim, modulus_log):
    return max(3, math.ceil(4.10067100000001 - 0.025167785 * dim + modulus_log))


def bits(dim, noise_log, modulus_log):
    noise = noise_log - math.log2(math.sqrt(3)) - modulus_log
    return 132 * (0.024891456582633045 * dim - 2.65734593837534) / -noise - 0.6


def keys(path):
    """Distinct (dimension, TUniform bound, modulus) with the sets that use them."""
    found = {}
    for line in path.read_text().splitlines():
        if not (m := SET.match(line)):
            continue
        name, n, k, poly, modulus = m[1], int(m[2]), int(m[3]), int(m[4]), int(m[9])
        for dim, q in ((n, modulus), (k * poly, 64), (OUT_DIM, OUT_MODULUS)):
            found.setdefault((dim, noise_bound(dim, q), q), []).append(name)
    return found


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = keys(root / 'src/params/sets.def')
    if not found:
        sys.exit('no sets found')
    if '--bits' not in sys.argv:
        print(PROGRAM)
    for (dim, noise, q), names in sorted(found.items()):
        if '--bits' in sys.argv:
            print(f'{dim:5} TUniform({noise:2}) of 2^{q}: {bits(dim, noise, q):6.1f}  {" ".join(names)}')
        else:
            print(f'show({dim}, {noise}, {q}, {math.sqrt((2 ** (2 * noise + 1) + 1) / 6):.10g})  # {" ".join(names)}')
    weakest = min(bits(*key) for key in found)
    if weakest < 132:
        sys.exit(f'a key has only {weakest:.1f} bits')


if __name__ == '__main__':
    main()
