# Every command explains itself on standard output.
t --version
t --help
for c in inspect run compile estimate predict split keygen encrypt evaluate decrypt params bench; do t $c --help; done
