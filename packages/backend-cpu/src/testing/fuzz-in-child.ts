import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { fuzzCase, showFuzzCase } from '@tttv2/testing';
import { fuzzVariants } from './fuzz-variants.ts';

/**
 * Runs random graphs on this machine's processor in a process of their own, which an abort of ggml may end. Returns what
 * the process says at its end. @throws Error that holds the seed, the graph and what the process said.
 */
export async function fuzzInChild(first: number, count: number): Promise<string> {
  const script = fileURLToPath(new URL('./fuzz-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@tttv2/source', script, `${first}`, `${count}`]);
  const said = { out: '', error: '' };
  child.stdout.on('data', (text) => {
    said.out += text;
  });
  child.stderr.on('data', (text) => {
    said.error += text;
  });
  const [code, signal] = await once(child, 'close');
  const last = said.out.trim().split('\n').at(-1) ?? '';
  if (code === 0) return last;
  const graph = showFuzzCase(fuzzCase(Number(last), fuzzVariants));
  throw new Error(`the process ended with ${signal ?? code}\n${said.error}\n${graph}`);
}
