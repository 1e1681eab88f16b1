# Rows of another shape or type, in every place that takes rows.
have m.nescio c.nescio s.key tiny.onnx x.npy labels.npy few_labels.npy wide.npy flat.npy scalar.npy cut.npy ragged.csv empty
have unsupported.onnx integers.npy double.npy none.npy
for f in wide.npy flat.npy scalar.npy cut.npy ragged.csv empty unsupported.onnx integers.npy double.npy; do
    t run tiny.onnx --input $f
    t compile tiny.onnx --calibration $f -o out.nescio
    t predict m.nescio --input $f --fhe disable --quiet
    t encrypt c.nescio --secret s.key --input $f -o out.ct
done
t compile tiny.onnx --calibration none.npy -o out.nescio
t predict m.nescio --input x.npy --fhe disable --labels few_labels.npy
t predict m.nescio --input x.npy --fhe disable --labels x.npy
t predict m.nescio --input x.npy --input x.npy --fhe disable
t predict m.nescio --input y=x.npy --fhe disable
t predict m.nescio --input x=x.npy --fhe disable --labels labels.npy --json >/dev/null && echo "by name: ok"
t encrypt c.nescio --secret s.key --input y=x.npy -o out.ct
t run tiny.onnx --input y=x.npy
files
