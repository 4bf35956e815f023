import type { FloatTensor, WeightFile, WeightSource } from '@tttv2/graph';
import { CheckpointError, WeightMismatchError } from '@tttv2/spec';

/** A checkpoint of float32 tensors that lies in memory, each in a file of its own. */
export function memoryWeights(tensors: Readonly<Record<string, FloatTensor>>): WeightSource {
  const byName = new Map(Object.entries(tensors));
  return {
    files: new Map([...byName].map(([name, tensor]) => [name, memoryFile(name, tensor)])),
    names: () => [...byName.keys()],
    describe(name) {
      const tensor = byName.get(name);
      if (tensor === undefined)
        throw new WeightMismatchError({ message: `there is no parameter "${name}"`, missing: [name] });
      const { shape, data } = tensor;
      return { kind: 'stored', file: name, offset: 0, bytes: data.byteLength, dtype: 'float32', shape };
    },
    close: async () => {},
  };
}

function memoryFile(name: string, { data }: FloatTensor): WeightFile {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return {
    size: bytes.byteLength,
    path: null,
    async read(offset, length) {
      if (offset + length > bytes.byteLength)
        throw new CheckpointError({ file: name, offset, message: `has no ${length} bytes there` });
      return bytes.slice(offset, offset + length);
    },
  };
}
