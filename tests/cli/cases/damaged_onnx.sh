# An ONNX file cut at every byte: refused, or (where what is left is a model) read; never more than one line.
have x.npy calibration.npy
"$PYTHON" - <<'P'
import os, subprocess
data = open(os.environ['W'] + '/tiny.onnx', 'rb').read()
refused = 0
for n in range(len(data)):
    open('cut.onnx', 'wb').write(data[:n])
    done = subprocess.run(['nescio', 'compile', 'cut.onnx', '--calibration', 'calibration.npy', '-o', 'out.nescio', '--quiet'],
                          capture_output=True, text=True)
    assert done.returncode in (0, 1), (n, done)
    assert done.stderr.count('\n') == done.returncode, (n, done.stderr)
    assert os.path.exists('out.nescio') == (done.returncode == 0), n
    if done.returncode == 0:
        os.unlink('out.nescio')
    refused += done.returncode
os.unlink('cut.onnx')
print('%d of %d cuts refused' % (refused, len(data)))
P
files
