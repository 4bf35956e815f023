// ttnn compiles its kernels at run time, with a compiler for the RISC-V cores of a board that no registry has: the vendor's
// installer brings it. Without a board a stand-in does, which lets ttnn build every program on a mock device.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const name = 'compiler/bin/riscv-tt-elf-g++';
const standIn = fileURLToPath(new URL('stand-in-compiler.sh', import.meta.url));
const gcc = { command: 'riscv64-unknown-elf-g++', package: 'gcc-riscv64-unknown-elf' };

/**
 * Sees to it that ttnn, whose own place for the compiler is `sfpi`, has one: the vendor's, else the stand-in.
 * Returns why it has none, or to undefined.
 */
export function provideCompiler(sfpi, { say, env = process.env, vendor = '/opt/tenstorrent/sfpi' }) {
  const compiler = join(sfpi, name);
  if (existsSync(compiler) && !isStandIn(compiler)) return undefined;

  if (existsSync(join(vendor, name))) {
    // ttnn would take the stand-in first.
    rmSync(compiler, { force: true });
    return undefined;
  }

  const missing = isOnPath(gcc.command, env) ? undefined : installGcc(say, env);
  if (missing) {
    rmSync(compiler, { force: true });
    return missing;
  }
  mkdirSync(dirname(compiler), { recursive: true });
  mkdirSync(join(sfpi, 'include'), { recursive: true });
  // A run beside this one may be compiling.
  copyFileSync(standIn, `${compiler}.new`);
  renameSync(`${compiler}.new`, compiler);
  return undefined;
}

const isStandIn = (path) => readFileSync(path, 'latin1').includes('Stand-in of TTTv2');

/** Returns why it could not be installed, or undefined. */
function installGcc(say, env) {
  const unable = (reason) =>
    `there is no ${gcc.command} here, which the stand-in compiler needs, and ${reason}; install ${gcc.package}`;
  if (!isOnPath('apt-get', env)) return unable('no apt-get to install it with');

  const root = process.getuid() === 0;
  if (!root && spawnSync('sudo', ['-n', 'true'], { env }).status !== 0) return unable('installing it needs root');

  say(`installing ${gcc.package} with apt-get …`);
  // A list that cannot be brought up to date may be one that is not needed.
  const script = `apt-get update; DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ${gcc.package}`;
  const [command, ...args] = [...(root ? [] : ['sudo', '-n']), 'sh', '-c', script];
  const { status, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  return status === 0 ? undefined : unable(`apt-get failed (${stderr.trim().split('\n').at(-1)})`);
}

function isOnPath(command, env) {
  return (env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
