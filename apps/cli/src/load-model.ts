import { createModelFactory, type Model } from '@tttv2/factory';
import type { LoadProgress } from '@tttv2/graph';
import type { HardwareConfig } from '@tttv2/spec';
import { backends } from './backends.ts';
import { encodedFolder } from './cache-folder.ts';
import { openModelFiles } from './open-model-files.ts';
import { note } from './output.ts';
import { Progress } from './progress.ts';
import { isSpecFile, readSpecFile } from './spec-file.ts';

/** Loads a model onto a device; one that is described by a JSON file alone gets random weights. */
export async function loadModel(
  name: string,
  { deviceType: device, ...hardware }: HardwareConfig,
  signal: AbortSignal,
): Promise<{ model: Model; loadMs: number }> {
  const start = performance.now();
  const progress = new Progress('loading');
  const onProgress = ({ loadedBytes, totalBytes }: LoadProgress) => progress.update(loadedBytes, totalBytes);
  const warn = (message: string) => {
    progress.end();
    note(`warning: ${message}`);
  };
  const options = { device, hardware, signal, onProgress, weightCache: { folder: encodedFolder(), warn } };
  const factory = createModelFactory({ backends, openFiles: openModelFiles });
  try {
    const model = isSpecFile(name)
      ? await factory.fromSpec((await readSpecFile(name)).spec, options)
      : await factory.load(name, options);
    return { model, loadMs: performance.now() - start };
  } finally {
    progress.end();
  }
}
