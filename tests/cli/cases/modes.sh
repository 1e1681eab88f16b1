# The three modes: outputs of the model's shape, classes that agree, reports with the documented keys.
have m.nescio s.key e.key x.npy labels.npy expected.npy
for fhe in disable simulate execute; do
    keyfiles=
    [ $fhe = execute ] && keyfiles="--secret s.key --evaluation e.key"
    echo "predict --fhe $fhe --json"
    keys nescio predict m.nescio --input x.npy --labels labels.npy --fhe $fhe $keyfiles --batch 8 -o $fhe.npy --json
done
echo "without labels"
keys nescio predict m.nescio --input x.npy --fhe disable --json
echo estimate
keys nescio estimate m.nescio --json
"$PYTHON" - <<'P'
import sys, os
sys.path.insert(0, os.environ['TOOLS'])
import small_files as small
hand = small.read_npy(open('expected.npy', 'rb').read())
for fhe, bound in ('disable', 0.25), ('simulate', 0.5), ('execute', 0.5):  # noise has a standard deviation of 0.03
    got = small.read_npy(open(fhe + '.npy', 'rb').read())
    worst = max(abs(a - b) for a, b in zip(got[1], hand[1]))
    assert got[0] == hand[0] == (8, 2), got[0]
    assert worst < bound, (fhe, worst)
    print(fhe, 'is near the float model')
P
nescio predict m.nescio --input x.npy --fhe simulate --seed 5 -o a.npy --quiet
nescio predict m.nescio --input x.npy --fhe simulate --seed 5 -o b.npy --quiet --threads 1
cmp a.npy b.npy && echo "one seed: equal"
nescio predict m.nescio --input x.npy --fhe simulate --seed 6 -o b.npy --quiet
cmp -s a.npy b.npy || echo "two seeds: different"
nescio predict m.nescio --input x.npy --fhe disable --rows 3 --json | grep -o '"rows": 3'
files
