# What people take for a model or for rows, and what the message makes of it.
have tiny.onnx m.nescio x.npy unsupported.onnx
printf 'ir_version: 8\ngraph {}\n' >text.onnx
printf 'PK\003\004and so on' >zip.onnx
printf '\200\004\225and so on' >pickle.onnx
printf '\037\213\010and so on' >gzip.onnx
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n' >pointer.onnx
printf 'graph\000and so on' >zeros.onnx
head -c 60 tiny.onnx >cut.onnx
for f in text.onnx zip.onnx pickle.onnx gzip.onnx pointer.onnx zeros.onnx cut.onnx x.npy m.nescio unsupported.onnx; do t convert $f -o out.onnx; done
printf '1;2;3\n4;5;6\n' >semicolons.csv
t run tiny.onnx --input semicolons.csv
t run tiny.onnx --input absent=x.npy
t inspect tiny.onnx --dim absent=3
t inspect tiny.onnx --dim absent
t inspect tiny.onnx --stage absent
t inspect tiny.onnx --format absent
t run tiny.onnx --input x.npy --json
t convert tiny.onnx -o out.onnx --json
t inspect tiny.onnx --json >picture.json && "$PYTHON" -c 'import json; print(*json.loads(open("picture.json").read().partition("\n")[2]))'
files
