import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { provideCompiler } from './compiler.mjs';

let folder;
let sfpi;
let vendor;
let compiler;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tttv2-compiler-'));
  sfpi = join(folder, 'sfpi');
  vendor = join(folder, 'vendor');
  compiler = join(sfpi, 'compiler/bin/riscv-tt-elf-g++');
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(path, script) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, script);
  chmodSync(path, 0o755);
}

/** A gcc that writes into the file after -o. */
const withGcc = () =>
  program(join(folder, 'bin/riscv64-unknown-elf-g++'), '#!/bin/sh\nfor last; do :; done\necho made > "$last"\n');

const provide = () => provideCompiler(sfpi, { say: () => {}, env: { PATH: join(folder, 'bin') }, vendor });

describe.skipIf(process.platform !== 'linux')('the compiler', () => {
  test('is the stand-in, where there is none', () => {
    withGcc();
    expect(provide()).toBeUndefined();
    expect(readFileSync(compiler, 'utf8')).toContain('Stand-in of TTTv2');
    expect(existsSync(join(sfpi, 'include'))).toBe(true);
  });

  test('is never written over', () => {
    withGcc();
    program(compiler, 'the real one');
    expect(provide()).toBeUndefined();
    expect(readFileSync(compiler, 'utf8')).toBe('the real one');
  });

  test("is the vendor's, once that has come", () => {
    withGcc();
    provide();
    program(join(vendor, 'compiler/bin/riscv-tt-elf-g++'), 'the real one');
    expect(provide()).toBeUndefined();
    expect(existsSync(compiler)).toBe(false);
  });

  test('is missing without the gcc below it, and the reason is said', () => {
    withGcc();
    provide();
    rmSync(join(folder, 'bin/riscv64-unknown-elf-g++'));
    expect(provide()).toMatch(/no riscv64-unknown-elf-g\+\+ here.*no apt-get.*; install gcc-riscv64-unknown-elf$/);
    expect(existsSync(compiler)).toBe(false);
  });
});

describe.skipIf(process.platform !== 'linux')('the stand-in', () => {
  const file = (name) => join(folder, name);
  function compile(...args) {
    withGcc();
    provide();
    const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
    return spawnSync(compiler, args, { env, encoding: 'utf8' });
  }

  test('answers as the compiler that ttnn asks for', () => {
    expect(compile('--version').stdout).toMatch(/^riscv-tt-elf-g\+\+ \(tenstorrent\/sfpi:7\.89\.0/);
  });

  test('writes an empty header, an object with its dependencies, a program', () => {
    expect(compile('-x', 'c++-header', 'a.h', '-o', file('a.gch'))).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(file('a.gch'), 'utf8')).toBe('');
    expect(compile('-O3', '-c', 'a.cc', '-o', file('a.o'))).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(file('a.d'), 'utf8')).toBe(`${file('a.o')}:\n`);
    expect(compile('-Tkernel.ld', file('a.o'), '-o', file('a.elf'))).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(file('a.elf'), 'utf8')).toBe('made\n');
  });
});
