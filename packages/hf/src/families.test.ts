import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ggufModels } from './gguf/index.ts';
import { models } from './models/index.ts';

test('the lists of families are those that their folders make', () => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../scripts/families.mjs', import.meta.url)), '--check']);
});

test('a family lies in the file of its name', () => {
  const fileOf = (folder: string, name: string) => new URL(`./${folder}/${name}.ts`, import.meta.url);
  for (const { modelType } of models) expect(existsSync(fileOf('models', modelType)), modelType).toBe(true);
  for (const { architecture } of ggufModels) expect(existsSync(fileOf('gguf', architecture)), architecture).toBe(true);
});
