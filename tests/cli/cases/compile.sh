# Same inputs, same bytes: twice, with any number of threads, with every instruction set. And what compile refuses.
have tiny.onnx calibration.npy m.nescio unsupported.onnx
q compile tiny.onnx --calibration calibration.npy -o again.nescio
cmp m.nescio again.nescio && echo equal
for n in 1 2 5; do
    nescio compile tiny.onnx --calibration calibration.npy -o again.nescio --quiet --threads $n
    cmp m.nescio again.nescio && echo "$n threads: equal"
done
for isa in scalar avx2 avx512; do
    NESCIO_ISA=$isa nescio compile tiny.onnx --calibration calibration.npy -o again.nescio --quiet
    cmp m.nescio again.nescio && echo "$isa: equal"
done
nescio compile tiny.onnx --calibration x=calibration.npy -o again.nescio --quiet
cmp m.nescio again.nescio && echo "by name: equal"
rm again.nescio
echo "compile --json"
keys nescio compile tiny.onnx --calibration calibration.npy -o again.nescio --json
rm again.nescio
t compile tiny.onnx -o out.nescio
t compile unsupported.onnx --calibration calibration.npy -o out.nescio
t compile tiny.onnx --calibration calibration.npy --results shared -o out.nescio
t compile tiny.onnx --calibration calibration.npy --variant block5 -o out.nescio
t compile tiny.onnx --calibration calibration.npy --input-bits 40 -o out.nescio
t compile tiny.onnx --calibration calibration.npy --bits 40 -o out.nescio
t compile tiny.onnx --calibration calibration.npy --margin -1 -o out.nescio
t compile tiny.onnx --calibration calibration.npy --p-fail 2^1 -o out.nescio
t compile m.nescio --calibration calibration.npy -o out.nescio
t compile tiny.onnx --calibration calibration.npy --dump-after clean -o out.nescio --quiet
files
