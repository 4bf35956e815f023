import { openModel } from '@tttv2/hf';
import { openModelFiles } from './open-model-files.ts';
import { type DescribedModel, isSpecFile, readConfigIn, readSpecFile } from './spec-file.ts';

/** A model's specification, from whatever describes it; weights need not be there. */
export async function readDescription(name: string, signal: AbortSignal): Promise<Omit<DescribedModel, 'dtype'>> {
  if (isSpecFile(name)) return readSpecFile(name);
  const files = await openModelFiles(name, { signal });
  if (await files.has('config.json')) return readConfigIn(files);
  const opened = await openModel(files, { headersOnly: true });
  await opened.close();
  return opened;
}
