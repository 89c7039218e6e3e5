#!/bin/sh
# build.sh DIR: compiles the link emulator into DIR. Needs gcc.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out="$1/link"
# Into place at once: several test runs may share DIR.
gcc -std=gnu11 -O2 -Wall -Wextra -o "$out.$$" "$here/link.c" -lm
mv "$out.$$" "$out"
