# Wrong calls: status 2, one line that says where to read on.
nescio 2>/dev/null
echo "  exit $?"
t nonsense
t --nonsense
t estimate
t estimate a b
t estimate --threads
t estimate --threads 0 m
t estimate --threads 257 m
t estimate --threads two m
t estimate --unknown m
t estimate --json=yes m
t compile m.onnx
t compile m.onnx -o m.nescio --rounding never
t compile m.onnx -o m.nescio --results everybody
t compile m.onnx -o m.nescio --margin wide
t compile m.onnx -o m.nescio --p-fail 0
t compile m.onnx -o m.nescio --p-fail 2^
t compile m.onnx -o m.nescio --bits -3
t predict m.nescio --input x.npy
t predict m.nescio --fhe execute
t predict m.nescio --input x.npy --fhe maybe
t predict m.nescio --input x.npy --fhe execute --secret s.key
t predict m.nescio --input x.npy --fhe execute --rows -1
t split m.nescio
t keygen c.nescio --secret s.key
t encrypt c.nescio --secret s.key --input x.npy
t evaluate s.nescio --evaluation e.key --input x.ct
t decrypt c.nescio --secret s.key --input y.ct
files
