#!/bin/sh
# Proves that the two native packages, the patched naudiodon and @discordjs/opus, compile and load
# on a Debian release and processor. Foreign processors run under qemu-user: five minutes for the
# chroot and a quarter of an hour for the build, on a core of 2.5 GHz.
#
#   tools/build-matrix.sh [--prepare] [--keep] [--dir DIR] SUITE-ARCH...
#   tools/build-matrix.sh trixie-amd64 trixie-arm64 trixie-armhf
#
# Needs root, debootstrap and, for a foreign processor, qemu-user-static and binfmt-support.
# --prepare  only make the chroots
# --keep     leave the chroots for the next run (mounts are always taken away)
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
dir=/var/tmp/tutti-build-matrix
prepare_only=no
keep=no
mirror=${TUTTI_DEBIAN_MIRROR:-http://deb.debian.org/debian}
# Longest one step may take: an emulated apt-get needs a quarter of an hour.
step_seconds_max=5400
packages="ca-certificates nodejs node-gyp libnode-dev g++ make python3 portaudio19-dev libasound2-dev"

say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*"; }
die() { printf 'build-matrix: %s\n' "$*" >&2; exit 1; }
bounded() { timeout --kill-after=10 "$step_seconds_max" nice -n 15 "$@"; }

qemu_of() {
  case $1 in
    arm64) echo qemu-aarch64 ;;
    armhf) echo qemu-arm ;;
    *) die "no emulation known for $1" ;;
  esac
}

# The kernel runs foreign programs through binfmt_misc, in chroots too.
enable_emulation() {
  [ "$1" = "$(dpkg --print-architecture)" ] && return
  if [ ! -e /proc/sys/fs/binfmt_misc/register ]; then
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    mounted_binfmt=yes
  fi
  [ -e "/proc/sys/fs/binfmt_misc/$(qemu_of "$1")" ] && return
  update-binfmts --enable "$(qemu_of "$1")"
  enabled="$enabled $(qemu_of "$1")"
}

unmount_chroot() {
  for mount in "$1/dev" "$1/proc"; do
    if mountpoint -q "$mount"; then umount "$mount"; fi
  done
}

mounted_binfmt=no
enabled=
current=
clean_up() {
  if [ -n "$current" ]; then unmount_chroot "$current"; fi
  for emulation in $enabled; do update-binfmts --disable "$emulation" || true; done
  if [ "$mounted_binfmt" = yes ]; then umount /proc/sys/fs/binfmt_misc || true; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

inside() {
  chroot=$1
  shift
  bounded chroot "$chroot" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
    DEBIAN_FRONTEND=noninteractive JACK_NO_START_SERVER=1 npm_config_nodedir=/usr JOBS=2 "$@"
}

make_chroot() {
  suite=$1 arch=$2 chroot=$3
  [ -e "$chroot/ready" ] && return
  rm -rf "$chroot"
  say "$suite-$arch: debootstrap"
  bounded debootstrap --variant=minbase --arch="$arch" "$suite" "$chroot" "$mirror" \
    >"$chroot.log" 2>&1 || die "debootstrap failed, see $chroot.log"
  if mountpoint -q "$chroot/proc"; then umount "$chroot/proc"; fi
  say "$suite-$arch: apt-get install $packages"
  mount_chroot "$chroot"
  # shellcheck disable=SC2086 # a list of words
  inside "$chroot" apt-get install -y --no-install-recommends $packages >>"$chroot.log" 2>&1 ||
    die "apt-get failed, see $chroot.log"
  touch "$chroot/ready"
  say "$suite-$arch: ready"
}

mount_chroot() {
  current=$1
  mountpoint -q "$1/proc" || mount -t proc proc "$1/proc"
  mountpoint -q "$1/dev" || mount --bind /dev "$1/dev"
}

# Both packages and what they load, as this workspace pins and patches them, without their binaries.
fetch_sources() {
  sources=$dir/sources
  rm -rf "$sources"
  mkdir -p "$sources"
  node -e '
    const of = (name, dependency) =>
      require(`${process.argv[1]}/packages/${name}/package.json`).dependencies[dependency];
    const dependencies = { naudiodon: of("audio", "naudiodon"), "@discordjs/opus": of("client", "@discordjs/opus") };
    console.log(JSON.stringify({ private: true, dependencies }));
  ' "$root" >"$sources/package.json"
  cp -r "$root/patches" "$sources/"
  { echo 'nodeLinker: hoisted'; sed -n '/^patchedDependencies:/,$p' "$root/pnpm-workspace.yaml"; } \
    >"$sources/pnpm-workspace.yaml"
  (cd "$sources" && pnpm install --ignore-scripts >"$dir/sources.log" 2>&1) ||
    die "pnpm install failed, see $dir/sources.log"
  cp "$root/tools/build-matrix-check.cjs" "$sources/check.cjs"
}

build() {
  target=$1 chroot=$2
  log=$dir/$target.build.log
  say "$target: building"
  rm -rf "$chroot/sources"
  cp -r "$dir/sources" "$chroot/sources"
  mount_chroot "$chroot"
  # shellcheck disable=SC2016 # for the shell inside
  inside "$chroot" sh -ec '
    cd /sources/node_modules/naudiodon && node-gyp rebuild
    cd /sources/node_modules/@discordjs/opus
    npm_config_node_gyp=$(readlink -f "$(command -v node-gyp)") \
      node ../node-pre-gyp/bin/node-pre-gyp install --build-from-source
  ' >"$log" 2>&1 || die "$target: build failed, see $log"
  said=$(inside "$chroot" node /sources/check.cjs 2>>"$log") || die "$target: does not load, see $log"
  say "$target: $said"
}

while [ $# -gt 0 ]; do
  case $1 in
    --prepare) prepare_only=yes ;;
    --keep) keep=yes ;;
    --dir) dir=$2; shift ;;
    --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) die "unknown option $1" ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || die "no SUITE-ARCH given, see --help"
[ "$(id -u)" -eq 0 ] || die "must be root"
mkdir -p "$dir"
[ "$prepare_only" = yes ] || fetch_sources
for target; do
  chroot=$dir/$target
  enable_emulation "${target#*-}"
  make_chroot "${target%-*}" "${target#*-}" "$chroot"
  [ "$prepare_only" = yes ] || build "$target" "$chroot"
  unmount_chroot "$chroot"
  current=
  [ "$keep" = yes ] || [ "$prepare_only" = yes ] || rm -rf --one-file-system "$chroot"
done
