import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { CheckpointError } from '@tttv2/spec';

// The few parts of the format that a wheel uses; Node inflates, so a library would add little to these lines.
// Source: PKWARE's APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (entry of the directory) and 4.3.16 (end).
const signatures = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 };
const headerBytes = { local: 30, entry: 46, end: 22 };
const methods = { stored: 0, deflated: 8 };
const encryptedFlag = 1;
const maxCommentBytes = 0xffff;
/** Fields of old zip files hold this when the number stands elsewhere (zip64). */
const elsewhere = 0xffffffff;
/** A wheel lists some files; a longer directory is not that of a wheel. */
const maxDirectoryBytes = 2 ** 24;

interface Member {
  method: number;
  packedBytes: number;
  bytes: number;
  /** Where its local header begins. */
  offset: number;
}

/**
 * The bytes of one member of a zip file, piece by piece. Checksums are left to the caller.
 * @throws CheckpointError when there is no such member, or the file contradicts itself.
 */
export async function* readZipMember(path: string, name: string): AsyncGenerator<Uint8Array> {
  const { member, start } = await locate(path, name);
  let missing = member.bytes;
  for await (const chunk of member.packedBytes === 0 ? [] : unpacked(path, member, start)) {
    missing -= chunk.length;
    if (missing < 0) break;
    yield chunk;
  }
  if (missing !== 0) throw corrupt(path, `${name} is not the ${member.bytes} bytes long that its entry says`);
}

function unpacked(path: string, { method, packedBytes }: Member, start: number): AsyncIterable<Buffer> {
  const packed = createReadStream(path, { start, end: start + packedBytes - 1 });
  return method === methods.stored ? packed : inflated(packed);
}

function inflated(packed: Readable): AsyncIterable<Buffer> {
  // The reader of the last stream sees errors of all; the callback is for those who do not read.
  return pipeline(packed, createInflateRaw(), () => {});
}

async function locate(path: string, name: string): Promise<{ member: Member; start: number }> {
  const file = await open(path, 'r');
  try {
    const { members, directoryOffset } = await readDirectory(file, path);
    const member = members.get(name);
    if (member === undefined) throw corrupt(path, `has no ${name}; it has ${[...members.keys()].join(', ')}`);
    const local = await readAt(file, path, member.offset, headerBytes.local);
    checkSignature(local, 'local', path);
    const start = member.offset + headerBytes.local + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (start + member.packedBytes > directoryOffset) throw corrupt(path, `${name} runs into the directory`);
    return { member, start };
  } finally {
    await file.close();
  }
}

async function readDirectory(file: FileHandle, path: string) {
  const { size } = await file.stat();
  if (size < headerBytes.end) throw corrupt(path, `has ${size} bytes, too few for a zip file`);
  const tailBytes = Math.min(size, headerBytes.end + maxCommentBytes);
  const tail = await readAt(file, path, size - tailBytes, tailBytes);
  const end = tail.subarray(tail.lastIndexOf(signatureBytes('end')));
  if (end.length < headerBytes.end) throw corrupt(path, 'has no directory: is it a zip file, and whole?');
  const [directoryBytes, directoryOffset] = [end.readUInt32LE(12), end.readUInt32LE(16)];
  if (directoryBytes > maxDirectoryBytes) throw corrupt(path, `has a directory of ${directoryBytes} bytes, too long`);
  const directory = await readAt(file, path, directoryOffset, directoryBytes);
  return { members: parseDirectory(directory, path), directoryOffset };
}

function parseDirectory(directory: Buffer, path: string): Map<string, Member> {
  const members = new Map<string, Member>();
  for (let rest = directory; rest.length > 0; ) {
    if (rest.length < headerBytes.entry) throw corrupt(path, 'has a directory that ends within an entry');
    checkSignature(rest, 'entry', path);
    const nameEnd = headerBytes.entry + rest.readUInt16LE(28);
    const name = rest.toString('utf8', headerBytes.entry, nameEnd);
    members.set(name, parseEntry(rest, name, path));
    rest = rest.subarray(nameEnd + rest.readUInt16LE(30) + rest.readUInt16LE(32));
  }
  return members;
}

function parseEntry(entry: Buffer, name: string, path: string): Member {
  const method = entry.readUInt16LE(10);
  const member = {
    method,
    packedBytes: entry.readUInt32LE(20),
    bytes: entry.readUInt32LE(24),
    offset: entry.readUInt32LE(42),
  };
  if (entry.readUInt16LE(8) & encryptedFlag) throw corrupt(path, `${name} is encrypted`);
  if (!Object.values(methods).includes(method)) throw corrupt(path, `${name} is packed by method ${method}`);
  if (Object.values(member).includes(elsewhere)) throw corrupt(path, `${name} is too large for a zip file of old`);
  return member;
}

async function readAt(file: FileHandle, path: string, offset: number, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  if (bytesRead < length) throw corrupt(path, `ends before the ${length} bytes that are to be at ${offset}`);
  return buffer;
}

function checkSignature(header: Buffer, kind: keyof typeof signatures, path: string): void {
  if (!header.subarray(0, 4).equals(signatureBytes(kind)))
    throw corrupt(path, `has no ${kind} header where one is due`);
}

function signatureBytes(kind: keyof typeof signatures): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(signatures[kind]);
  return bytes;
}

function corrupt(file: string, message: string): CheckpointError {
  return new CheckpointError({ file, message });
}
