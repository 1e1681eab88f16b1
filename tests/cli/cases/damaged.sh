# Files with a byte changed or cut off, of every kind: one line that names the file, no output.
have s.key e.key x.npy x.ct y.ct c.nescio
damaged() {
    for at in 0 3 9 200 -1; do
        flip "$1" $at broken
        shift_call "$@"
    done
    for n in 0 1 7 8 9 100 1000; do
        cut_to "$1" $n broken
        shift_call "$@"
    done
    rm -f broken
}
shift_call() (
    shift
    t "$@"
)
damaged m.nescio estimate broken
damaged m.nescio split broken --client out.nescio
damaged c.nescio keygen broken --secret out.key --evaluation out2.key
damaged s.key encrypt c.nescio --secret broken --input x.npy -o out.ct
have srv.nescio
damaged srv.nescio evaluate broken --evaluation e.key --input x.ct -o out.ct
damaged e.key evaluate srv.nescio --evaluation broken --input x.ct -o out.ct
damaged x.ct evaluate srv.nescio --evaluation e.key --input broken -o out.ct
damaged y.ct decrypt c.nescio --secret s.key --input broken -o out.npy
files
