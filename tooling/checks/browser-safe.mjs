// Bundles the main entry of each package that promises to run in a browser. An import of node: fails the bundle.
import { build } from 'esbuild';

const packages = ['spec', 'graph', 'blocks', 'hf', 'runtime', 'factory', 'testing'];

let failed = false;
for (const name of packages) {
  try {
    await build({
      entryPoints: [`packages/${name}/src/index.ts`],
      conditions: ['@tttv2/source'],
      platform: 'browser',
      format: 'esm',
      bundle: true,
      write: false,
    });
  } catch {
    // esbuild has already said what, in which file and on which line.
    console.error(
      `@tttv2/${name} does not bundle for a browser; what needs Node belongs in a *.node.ts file behind its own export`,
    );
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
