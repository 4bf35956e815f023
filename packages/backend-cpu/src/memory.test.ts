import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('twenty loads leave nothing behind', () => {
  const script = fileURLToPath(new URL('./testing/load-rounds.ts', import.meta.url));
  const leftBytes = Number(execFileSync(process.execPath, ['--expose-gc', '--conditions=@tttv2/source', script, '20']));
  expect(leftBytes).toBeLessThan(10 * 2 ** 20);
});
