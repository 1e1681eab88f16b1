# The float model: what it gives, as file, folder and shapes; the same as by hand.
have tiny.onnx x.npy x.csv expected.npy
t run tiny.onnx --input x.npy
t run tiny.onnx --input x=x.npy -o out.npy
t run tiny.onnx --input x.npy -o folder
cmp out.npy folder/scores.npy && echo "file and folder: equal"
"$PYTHON" - <<'P'
import sys, os
sys.path.insert(0, os.environ['TOOLS'])
import small_files as small
got, hand = (small.read_npy(open(f, 'rb').read()) for f in ('out.npy', 'expected.npy'))
assert got[0] == hand[0] == (8, 2), got[0]
assert all(abs(a - b) < 1e-5 for a, b in zip(got[1], hand[1]))
print('as by hand')
P
nescio run tiny.onnx --input - -o - <x.npy | cmp - out.npy && echo "standard input and output: equal"
files
