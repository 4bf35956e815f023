import { CheckpointError } from '@tttv2/spec';
import type { GgufHeader } from './checkpoint/gguf.ts';
import type { ConvertedMetadata, GgufFamily, NumberOptions } from './define-gguf-model.ts';
import type { OpenFile } from './files.ts';
import { ggufModels } from './gguf/index.ts';
import { unknownFamily } from './unknown-family.ts';

export interface GgufConversion extends ConvertedMetadata {
  family: GgufFamily;
}

/**
 * Makes a specification of the head of a GGUF file; some of what it says lies in small tensors, which are read.
 * @throws UnsupportedModelError when the architecture is unknown, or a key asks for what no specification can say.
 * @throws SpecError that names the key whose value is wrong. @throws CheckpointError when something is missing.
 */
export async function convertGguf(
  header: GgufHeader,
  file: OpenFile,
  options: NumberOptions = {},
): Promise<GgufConversion> {
  const { metadata } = header;
  refuseSplit(header);
  const architecture = metadata.string('general.architecture');
  const family = ggufModels.find((model) => model.architecture === architecture);
  if (family !== undefined) return { family, ...(await family.convert(header, file, options)) };
  const supported = ggufModels.map((model) => model.architecture);
  throw unknownFamily({ file: metadata.file, key: 'general.architecture', found: architecture, supported });
}

function refuseSplit({ metadata }: GgufHeader): void {
  const parts = metadata.number('split.count', 1);
  if (parts <= 1) return;
  const message = `is one of ${parts} parts: join them first, with llama.cpp's llama-gguf-split --merge`;
  throw new CheckpointError({ file: metadata.file, message });
}
