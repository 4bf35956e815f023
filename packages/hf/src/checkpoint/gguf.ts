import type { StoredView, WeightFile } from '@tttv2/graph';
import { bytesOf, CheckpointError, dtypes } from '@tttv2/spec';
import type { HeaderOptions } from './checkpoint.ts';
import { dtypeOfGgmlType, ggmlTypeName } from './ggml-types.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
import { type FixedType, ggufValueType } from './gguf-value-types.ts';
import { HeaderCursor, NeedsMoreBytes } from './header-cursor.ts';
import { type GgufEntry, HeaderMetadata } from './header-metadata.ts';

/** What no sound file exceeds. */
const caps = {
  headerBytes: 2 ** 26,
  metadataKeys: 2 ** 16,
  nameBytes: 2 ** 10,
  stringBytes: 2 ** 24,
  arrayElements: 2 ** 22,
  tensors: 2 ** 18,
  /** ggml's GGML_MAX_DIMS. */
  dims: 4,
  alignment: 2 ** 20,
};

const firstReadBytes = 2 ** 22;

export interface GgufHeader {
  metadata: GgufMetadata;
  /** By name; shapes are row-major, the reverse of ggml's `ne`. */
  tensors: Map<string, StoredView>;
}

/**
 * Reads the head of a GGUF file (versions 2 and 3, little endian) and where its tensors lie.
 * Layout: magic, version, counts, metadata, tensor infos, padding to `general.alignment`, tensor data.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
 * @throws CheckpointError that names the file, the byte, and the key or tensor that is wrong.
 */
export async function readGgufHeader(
  file: WeightFile,
  name: string,
  { headersOnly = false }: HeaderOptions = {},
): Promise<GgufHeader> {
  const { entries, infos, bytes, end } = await parseGrowing(file, name);
  const metadata = new HeaderMetadata(name, bytes.slice(0, end), entries);
  const alignment = alignmentOf(metadata);
  const data = { file: name, start: alignUp(end, alignment), alignment };
  const tensors = new Map(infos.map((info) => [info.name, locate(info, data)]));
  checkApart(tensors, name, headersOnly ? null : file.size);
  return { metadata, tensors };
}

interface TensorInfo {
  name: string;
  /** ggml's order: the contiguous dimension first. */
  ne: number[];
  typeId: number;
  offset: number;
}

interface ParsedHeader {
  entries: Map<string, GgufEntry>;
  infos: TensorInfo[];
  bytes: Uint8Array;
  /** Byte offset after the last tensor info. */
  end: number;
}

/** Nothing says how long a header is: read a start, and a longer one when that was not enough. */
async function parseGrowing(file: WeightFile, name: string): Promise<ParsedHeader> {
  for (let length = firstReadBytes; ; length *= 4) {
    const bytes = await file.read(0, Math.min(length, file.size));
    try {
      return parse(bytes, name);
    } catch (error) {
      if (!(error instanceof NeedsMoreBytes)) throw error;
      const { wanted } = error;
      if (wanted > file.size) {
        const message = `ends within its header, which needs ${wanted} bytes: was it cut short? Download it again`;
        throw new CheckpointError({ file: name, offset: file.size, message });
      }
      if (wanted > caps.headerBytes) {
        const message = `has a header of more than ${caps.headerBytes} bytes: the file is corrupt`;
        throw new CheckpointError({ file: name, message });
      }
    }
  }
}

function parse(bytes: Uint8Array, file: string): ParsedHeader {
  const cursor = new HeaderCursor(bytes, file);
  checkVersion(cursor);
  const tensorCount = cursor.uint64('its number of tensors', caps.tensors);
  const keyCount = cursor.uint64('its number of metadata keys', caps.metadataKeys);
  const entries = new Map<string, GgufEntry>();
  for (let i = 0; i < keyCount; i++) readEntry(cursor, entries);
  const infos = new Map<string, TensorInfo>();
  for (let i = 0; i < tensorCount; i++) readTensorInfo(cursor, infos);
  return { entries, infos: [...infos.values()], bytes, end: cursor.at };
}

function checkVersion(cursor: HeaderCursor): void {
  // "GGUF" in little endian.
  if (cursor.uint32() !== 0x46554747) throw cursor.error('does not begin with "GGUF": it is not a GGUF file', 0);
  const version = cursor.uint32();
  if (version === 2 || version === 3) return;
  const what =
    version % 0x10000 === 0 ? 'is a big-endian GGUF file' : `is a GGUF file of version ${version}; 2 and 3 are read`;
  throw cursor.error(`${what}: convert the model again`, 4);
}

function readEntry(cursor: HeaderCursor, entries: Map<string, GgufEntry>): void {
  const at = cursor.at;
  const key = cursor.text('a metadata key', caps.nameBytes);
  if (entries.has(key)) throw cursor.error(`has the metadata key "${key}" twice`, at);
  const typeAt = cursor.at;
  const type = ggufValueType(cursor.uint32());
  if (type === 'array') entries.set(key, readArray(cursor, key));
  else if (type !== undefined) entries.set(key, { type, count: null, offset: skipValues(cursor, key, type, 1) });
  else throw cursor.error(`metadata key "${key}" has a type that GGUF does not know: the file is corrupt`, typeAt);
}

function readArray(cursor: HeaderCursor, key: string): GgufEntry {
  const at = cursor.at;
  const type = ggufValueType(cursor.uint32());
  if (type === undefined || type === 'array') {
    const what =
      type === 'array' ? 'an array of arrays, which no model needs' : 'an array of a type GGUF does not know';
    throw cursor.error(`metadata key "${key}" is ${what}: the file is corrupt`, at);
  }
  const count = cursor.uint64(`the length of array "${key}"`, caps.arrayElements);
  return { type, count, offset: skipValues(cursor, key, type, count) };
}

/** Steps over `count` values and returns where they began. */
function skipValues(cursor: HeaderCursor, key: string, type: FixedType | 'string', count: number): number {
  if (type !== 'string') return cursor.skip(count * type.bytes);
  const offset = cursor.at;
  const what = `the length of a string of "${key}"`;
  for (let i = 0; i < count; i++) cursor.skip(cursor.uint64(what, caps.stringBytes));
  return offset;
}

function readTensorInfo(cursor: HeaderCursor, infos: Map<string, TensorInfo>): void {
  const at = cursor.at;
  const name = cursor.text('a tensor name', caps.nameBytes);
  if (infos.has(name)) throw cursor.error(`has the tensor "${name}" twice`, at);
  const dims = cursor.uint32();
  if (dims < 1 || dims > caps.dims) {
    throw cursor.error(`tensor "${name}" has ${dims} dimensions, but must have 1 to ${caps.dims}`, cursor.at - 4);
  }
  const ne = Array.from({ length: dims }, () => cursor.uint64(`a dimension of "${name}"`, 2 ** 32));
  const typeId = cursor.uint32();
  const offset = cursor.uint64(`the offset of "${name}"`, Number.MAX_SAFE_INTEGER);
  infos.set(name, { name, ne, typeId, offset });
}

function alignmentOf(metadata: GgufMetadata): number {
  const alignment = metadata.number('general.alignment', 32);
  if (alignment >= 1 && alignment <= caps.alignment && Number.isInteger(Math.log2(alignment))) return alignment;
  const message = `metadata key "general.alignment" is ${alignment}, but must be a power of two: the file is corrupt`;
  throw new CheckpointError({ file: metadata.file, message });
}

function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** Where the tensor data of a file begins. */
interface DataSection {
  file: string;
  start: number;
  alignment: number;
}

function locate({ name, ne, typeId, offset }: TensorInfo, { file, start, alignment }: DataSection): StoredView {
  const at = start + offset;
  const fail = (message: string) => new CheckpointError({ file, offset: at, message: `tensor "${name}" ${message}` });
  const dtype = dtypeOfGgmlType(typeId);
  if (dtype === undefined) {
    throw fail(`is stored as ggml type ${ggmlTypeName(typeId)}, which is not read: use Q8_0, Q4_K or F16, say`);
  }
  const shape = ne.toReversed();
  const bytes = bytesOf(dtype, shape);
  const { elements } = dtypes[dtype];
  if ((ne[0] ?? 0) % elements !== 0 || !Number.isSafeInteger(at + bytes) || bytes === 0) {
    throw fail(`of ${dtype} cannot have the shape [${shape.join(', ')}]: the header is corrupt`);
  }
  if (at !== alignUp(at, alignment)) throw fail(`does not begin at a multiple of the alignment ${alignment}`);
  return { file, offset: at, bytes, dtype, shape };
}

/** Tensors lie apart, and within the file where its size is known. */
function checkApart(tensors: ReadonlyMap<string, StoredView>, file: string, fileSize: number | null): void {
  let end = 0;
  for (const [tensor, { offset, bytes }] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset)) {
    const fail = (message: string) => new CheckpointError({ file, offset, message: `tensor "${tensor}" ${message}` });
    if (offset < end) throw fail('overlaps the tensor before it: the header is corrupt');
    end = offset + bytes;
    if (fileSize !== null && end > fileSize) {
      throw fail(`ends at byte ${end}, but the file has ${fileSize}: was it cut short? Download it again`);
    }
  }
}
