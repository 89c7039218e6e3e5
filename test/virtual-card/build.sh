#!/bin/sh
# build.sh DIR: compiles the virtual card into DIR. Needs gcc and libasound2-dev.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out="$1/libasound_module_pcm_virtual.so"
# Into place at once: several test runs may share DIR.
gcc -std=gnu11 -O2 -Wall -Wextra -shared -fPIC -DPIC -o "$out.$$" "$here/virtual-card.c" -lasound -lm
mv "$out.$$" "$out"
