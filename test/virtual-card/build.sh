#!/bin/sh
# build.sh DIR: compiles the virtual card and its mixer into DIR. Needs gcc and libasound2-dev.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"

# compile PLUGIN SOURCE: into place at once, as several test runs may share DIR.
compile() {
  out="$1.$$"
  gcc -std=gnu11 -O2 -Wall -Wextra -shared -fPIC -DPIC -o "$out" "$here/$2" -lasound -lm
  mv "$out" "$1"
}
compile "$1/libasound_module_ctl_virtual.so" virtual-mixer.c
compile "$1/libasound_module_pcm_virtual.so" virtual-card.c
