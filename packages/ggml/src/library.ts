import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UnsupportedHardwareError } from '@tttv2/spec';

/** Packages with prebuilt ggml libraries, by `process.platform` and `process.arch`. */
const packages: Readonly<Record<string, string>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'linux arm': 'linux-armv7l',
  'linux riscv64': 'linux-riscv64',
  'darwin arm64': 'mac-arm64-metal',
  'darwin x64': 'mac-x64',
  'win32 x64': 'win-x64',
  'win32 arm64': 'win-arm64',
};

/** Where ggml's shared libraries lie. */
export interface GgmlLibrary {
  /** Folder from which ggml picks the CPU library that fits this processor. */
  folder: string;
  /** `libggml-base`: tensors, graphs, buffers. */
  base: string;
  /** `libggml`: the registry of backends. */
  registry: string;
}

/** Finds the libraries of this platform. @throws UnsupportedHardwareError when no package for it is installed. */
export function findLibrary(): GgmlLibrary {
  const platform = `${process.platform} ${process.arch}`;
  const name = packages[platform];
  if (name === undefined)
    throw missing(`there is no prebuilt ggml for ${platform}; there is for ${Object.keys(packages).join(', ')}`);
  const folder = join(packageFolder(name), 'bins', name);
  if (!existsSync(folder)) throw missing(`${folder} does not exist: reinstall @node-llama-cpp/${name}`);
  const files = readdirSync(folder);
  const find = (pattern: RegExp) => {
    const file = files.find((candidate) => pattern.test(candidate));
    if (file === undefined)
      throw missing(`${folder} has no file like ${pattern.source}: reinstall @node-llama-cpp/${name}`);
    return join(folder, file);
  };
  const ending = String.raw`\.(so|dylib|dll)$`;
  return {
    folder,
    base: find(new RegExp(`^(lib)?ggml-base(\\.v?[\\d.]+)?${ending}`)),
    registry: find(new RegExp(`^(lib)?ggml(\\.v?[\\d.]+)?${ending}`)),
  };
}

function packageFolder(name: string): string {
  try {
    // The entry lies in dist/; the libraries in bins/ beside it.
    return dirname(dirname(createRequire(import.meta.url).resolve(`@node-llama-cpp/${name}`)));
  } catch {
    throw missing(
      `the package @node-llama-cpp/${name} is not installed: install without omitting optional dependencies`,
    );
  }
}

function missing(message: string): UnsupportedHardwareError {
  return new UnsupportedHardwareError({ device: 'cpu', message: `ggml: ${message}` });
}
