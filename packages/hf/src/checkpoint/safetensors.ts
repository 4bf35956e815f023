import type { StoredView, WeightFile } from '@tttv2/graph';
import { bytesOf, CheckpointError, type Dtype } from '@tttv2/spec';
import { z } from 'zod';
import { decodeText } from '../decode-text.ts';
import { parseJson } from '../parse-json.ts';
import type { HeaderOptions } from './checkpoint.ts';

/** Names of the format; other types (sub-byte floats, unsigned integers above 8 bits) no operation of ours reads. */
const dtypeNames: Readonly<Record<string, Dtype>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3',
  F8_E5M2: 'float8_e5m2',
  F8_E8M0: 'float8_e8m0',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};

/** The reference implementation allows 100 MB; headers in use have a tenth of this. */
const maxHeaderBytes = 2 ** 25;
const maxTensors = 2 ** 18;
const maxDims = 8;

const size = z.number().int().nonnegative();
const tensorSchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(size).max(maxDims),
  data_offsets: z.tuple([size, size]),
});
const headerSchema = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(tensorSchema);
type TensorEntry = z.infer<typeof tensorSchema>;

/**
 * Where each tensor of a safetensors file lies. Layout: 8 bytes of header length (little endian), the header as JSON,
 * then the tensors without gaps; offsets in the header count from the end of the header.
 * Source: https://github.com/huggingface/safetensors#format.
 * @throws CheckpointError that names the file, the byte and the tensor that is wrong.
 */
export async function readSafetensorsHeader(
  file: WeightFile,
  name: string,
  { headersOnly = false }: HeaderOptions = {},
): Promise<Map<string, StoredView>> {
  const length = await readHeaderLength(file, name);
  const entries = parseHeader(decodeText(await file.read(8, length), name), name);
  const data = 8 + length;
  const tensors = new Map(entries.map(([tensor, entry]) => [tensor, locate(tensor, entry, name, data)]));
  checkContiguous(tensors, name, data, headersOnly ? null : file.size);
  return tensors;
}

async function readHeaderLength(file: WeightFile, name: string): Promise<number> {
  const fail = (message: string) => new CheckpointError({ file: name, offset: 0, message });
  if (file.size < 8) throw fail(`has ${file.size} bytes, too few for a safetensors file: download it again`);
  const head = await file.read(0, 8);
  const length = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  if (length > maxHeaderBytes) {
    throw fail(`says that its header has ${length} bytes, but ${maxHeaderBytes} is the most: it is not safetensors`);
  }
  if (length > file.size - 8) {
    throw fail(`says that its header has ${length} bytes, but only ${file.size - 8} follow: was it cut short?`);
  }
  return Number(length);
}

function parseHeader(text: string, file: string): [string, TensorEntry][] {
  const { __metadata__, ...tensors } = parseJson(text, headerSchema, file);
  const entries = Object.entries(tensors);
  if (entries.length > maxTensors) {
    const message = `header lists ${entries.length} tensors, but ${maxTensors} is the most`;
    throw new CheckpointError({ file, message });
  }
  return entries;
}

function locate(tensor: string, entry: TensorEntry, file: string, data: number): StoredView {
  const [begin, end] = entry.data_offsets;
  const { shape } = entry;
  const offset = data + begin;
  const fail = (message: string) => new CheckpointError({ file, offset, message: `tensor "${tensor}" ${message}` });
  const dtype = Object.hasOwn(dtypeNames, entry.dtype) ? dtypeNames[entry.dtype] : undefined;
  if (dtype === undefined) {
    const known = Object.keys(dtypeNames).join(', ');
    throw fail(`is stored as ${entry.dtype}, which is not read: convert it to one of ${known}`);
  }
  const bytes = bytesOf(dtype, shape);
  if (end - begin !== bytes) {
    throw fail(`has ${end - begin} bytes, but [${shape.join(', ')}] of ${entry.dtype} takes ${bytes}`);
  }
  return { file, offset, bytes, dtype, shape };
}

/** Tensors fill the data without gaps or overlaps; a name given twice, which JSON hides, leaves a gap. */
function checkContiguous(
  tensors: ReadonlyMap<string, StoredView>,
  file: string,
  data: number,
  fileSize: number | null,
): void {
  let end = data;
  for (const [tensor, { offset, bytes }] of [...tensors].sort(
    ([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes,
  )) {
    if (offset !== end) {
      const problem =
        offset < end ? 'overlaps the tensor before it' : `leaves a gap of ${offset - end} bytes before it`;
      throw new CheckpointError({ file, offset, message: `tensor "${tensor}" ${problem}: the header is corrupt` });
    }
    end = offset + bytes;
  }
  if (fileSize !== null && end !== fileSize) {
    const message = `tensors end here by the header, but the file has ${fileSize} bytes: was it cut short? Download it again`;
    throw new CheckpointError({ file, offset: end, message });
  }
}
