# inspect tells every kind of file apart; secrets are never shown. Words only: figures belong to other tests.
have m.nescio c.nescio srv.nescio s.key e.key x.ct y.ct tiny.onnx
for f in m.nescio c.nescio srv.nescio s.key e.key x.ct y.ct; do
    nescio inspect $f | head -n 1
    nescio inspect $f | sed -n 2,12p | grep -oE '^[a-z][a-z.]*' | uniq
done
nescio inspect tiny.onnx --max-elements 2
nescio inspect tiny.onnx --stage clean >clean && echo "clean: ok"
nescio inspect m.nescio --stage circuit | head -n 1
nescio inspect m.nescio --stage plan | head -n 1 | cut -d, -f1 | cut -d: -f1
t inspect c.nescio --stage plan
t inspect tiny.onnx --stage plan
t inspect m.nescio --stage clean
t inspect m.nescio --format pdf
t inspect m.nescio -o text.txt
files
