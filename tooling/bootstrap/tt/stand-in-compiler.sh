#!/bin/bash
# Stand-in of TTTv2 for the compiler of Tenstorrent's kernels. It links EMPTY kernels, so that ttnn on a mock device can check
# shapes, layouts and memory and build every program. What passes with it was accepted; it has not run anywhere.
set -euo pipefail

gxx=(riscv64-unknown-elf-g++ -march=rv32im -mabi=ilp32)
made="$(dirname "${BASH_SOURCE[0]}")/../empty-kernels"

if [ "${1:-}" = --version ]; then
  # The version that ttnn 0.81.1 asks for in its file tt_metal/sfpi-version.
  echo 'riscv-tt-elf-g++ (tenstorrent/sfpi:7.89.0[1050]) 15.1.0'
  exit
fi

out='' script='' task=link
layout=() # What decides how a kernel is linked, beside its linker script.
while [ $# -gt 0 ]; do
  case "$1" in
    -o) out="$2"; shift ;;
    -c) [ "$task" = header ] || task=compile ;;
    -x) [ "$2" = c++-header ] && task=header; shift ;;
    -T*) script="$1" ;;
    -Wl,* | -L*) layout+=("$1") ;;
  esac
  shift
done

# Makes a file once, by `command… <file>`, safely beside other compilers at work.
once() {
  local file="$1"; shift
  [ -s "$file" ] && return
  mkdir -p "$made"
  "$@" "$file.$$"
  mv "$file.$$" "$file"
}

empty_kernel() {
  "${gxx[@]}" -O1 -x c++ - -c -o "$1" <<'CPP'
extern "C" { int data = 1; __attribute__((section(".start"), used)) int _start() { return data; } }
CPP
}

link_kernel() {
  "${gxx[@]}" -nostdlib -nostartfiles "${layout[@]}" $script "$made/kernel.o" -o "$1"
}

case "$task" in
  header)
    : >"$out"
    ;;
  compile)
    once "$made/kernel.o" empty_kernel
    cp "$made/kernel.o" "$out"
    echo "$out:" >"${out%.o}.d"
    ;;
  link)
    once "$made/kernel.o" empty_kernel
    elf="$made/$(md5sum <<<"$script ${layout[*]}" | cut -c1-16).elf"
    once "$elf" link_kernel
    cp "$elf" "$out"
    ;;
esac
