#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual page says of every command what its help says.  usage: check_man.py NESCIO PAGE [--rewrite]
Between '.\\" begin NAME' and '.\\" end' the page is generated from the help: NAME is a command, or "common" for the options that all
have. Checks that nothing differs, that every command is there, and, where mandoc is installed, that it finds nothing to complain of."""
import re, shutil, subprocess, sys, textwrap

nescio, page = sys.argv[1:3]


def run(*args):
    return subprocess.run([nescio, *args, '--help'], check=True, capture_output=True, text=True).stdout


def escape(text):
    text = text.replace('\\', '\\e').replace('^', '\\(ha').replace('-', '\\-')
    return '\\&' + text if text[:1] in ".'" else text


def sentence(text):
    """Lines of a sentence; a file's name keeps its first letter."""
    first = text.split()[0]
    text = (text if '.' in first else text[0].upper() + text[1:]) + ('' if text.endswith('.') else '.')
    return [escape(line) for line in textwrap.wrap(text, 72, break_on_hyphens=False)]


def item(name, metavar, words):
    tag = f'.It Fl {escape(name[1:])}' + (f' Ar {escape(metavar)}' if metavar else '')
    return [tag] + sentence(words)


def read_options(text):
    """(name, metavar or '', help) of each line."""
    for line in text.splitlines():
        if found := re.match(r'  (-\S+) (?: +|(\S+) +)(\S.*)$', line):
            yield found[1], found[2] or '', found[3]


def options_list(options):
    if not options:
        return []
    return ['.Bl -tag -width Ds'] + [line for o in options for line in item(*o)] + ['.El']


def command_section(name, common):
    text = run(name)
    usage, summary = text.splitlines()[:2]
    arguments = usage.split(None, 3)[3].replace('[options]', '').strip()
    own = [o for o in read_options(text) if o not in common]
    head = [f'.Ss {name}', '.Nm', f'.Cm {name}'] + ([f'.Ar {escape(arguments)}'] if arguments else []) + ['.Op Ar options', '.Pp'] + sentence(summary)
    return head + options_list(own)


def generated():
    commands = [line.split()[0] for line in run().splitlines() if line.startswith('  ')]
    listed = {name: list(read_options(run(name))) for name in commands}
    common = [o for o in listed[commands[0]] if all(o in options for options in listed.values())]
    sections = {name: command_section(name, common) for name in commands}
    return sections | {'common': options_list(common)}


def rewritten(text, sections):
    out, inside = [], False
    for line in text.splitlines():
        if line == '.\\" end':
            inside = False
        if not inside:
            out.append(line)
        if line.startswith('.\\" begin '):
            inside = True
            out += sections[line.split()[2]]
    return '\n'.join(out) + '\n'


def main():
    text, sections = open(page).read(), generated()
    wanted = rewritten(text, sections)
    missing = [name for name in sections if f'.\\" begin {name}\n' not in text]
    if missing:
        sys.exit(f'{page} has no section for {" ".join(missing)}')
    if '--rewrite' in sys.argv:
        open(page, 'w').write(wanted)
    elif text != wanted:
        sys.exit(f'{page} differs from the help: run {sys.argv[0]} with --rewrite')
    if shutil.which('mandoc'):
        said = subprocess.run(['mandoc', '-Tlint', page], capture_output=True, text=True).stdout
        if said:
            sys.exit(said.strip())
    print(f'{len(sections) - 1} commands' + ('' if shutil.which('mandoc') else ', not checked by mandoc'))


main()
