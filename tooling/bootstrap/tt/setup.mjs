import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../lock.mjs';
import { root } from '../pnpm.mjs';
import { say } from '../say.mjs';
import { provideCompiler } from './compiler.mjs';
import { provideEnvironment } from './environment.mjs';
import { checkPlatform } from './platform.mjs';
import { findPython } from './python.mjs';

export const cache = `${root}.cache/tt/`;

/** Brings a Python with ttnn, and resolves to its path. Speaks on stderr only. */
export async function setUp({ env = process.env, home = homedir() } = {}) {
  checkPlatform();
  const python = await findPython({ env, home });
  return withLock(`${cache}lock`, () => install(python, env), {
    onWait: (pid) => say(`waiting for process ${pid}, which is installing ttnn here …`),
  });
}

async function install(base, env) {
  const { python, sitePackages } = await provideEnvironment(base, { cache, env });
  const noCompiler = provideCompiler(join(sitePackages, 'ttnn/runtime/sfpi'), { say, env });
  if (noCompiler) say(`tests of what ttnn accepts will be skipped: ${noCompiler}`);
  return python;
}
