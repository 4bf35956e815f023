import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { buildZip } from '../testing/build-zip.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readZipMember } from './zip-member.ts';

const folder = await temporaryFolder();
const bytes = Buffer.from('the same words again and again, '.repeat(1000));
const zip = buildZip([
  { name: 'a/packed', bytes, isDeflated: true },
  { name: 'a/stored', bytes, isDeflated: false },
  { name: 'a/empty', bytes: Buffer.alloc(0), isDeflated: false },
]);

async function read(file: Buffer, member: string): Promise<Buffer> {
  const path = join(folder, 'test.zip');
  await writeFile(path, file);
  return buffer(readZipMember(path, member));
}

test.each(['a/packed', 'a/stored'])('reads %s', async (member) => {
  expect((await read(zip, member)).equals(bytes)).toBe(true);
});

test('reads an empty member', async () => {
  expect(await read(zip, 'a/empty')).toHaveLength(0);
});

test('names what there is when a member is not', async () => {
  await expect(read(zip, 'b')).rejects.toThrow('test.zip: has no b; it has a/packed, a/stored, a/empty');
});

test('refuses what is no zip file', async () => {
  await expect(read(Buffer.alloc(0), 'a')).rejects.toThrow('has 0 bytes, too few');
  await expect(read(Buffer.alloc(1000), 'a')).rejects.toThrow('has no directory: is it a zip file, and whole?');
  await expect(read(zip.subarray(0, -10), 'a/packed')).rejects.toThrow('has no directory');
});

test('refuses a size that is a lie', async () => {
  const at = zip.indexOf('PK\x01\x02') + 24;
  const short = Buffer.from(zip);
  short.writeUInt32LE(bytes.length - 1, at);
  await expect(read(short, 'a/packed')).rejects.toThrow(`is not the ${bytes.length - 1} bytes long`);
  const long = Buffer.from(zip);
  long.writeUInt32LE(bytes.length + 1, at);
  await expect(read(long, 'a/packed')).rejects.toThrow(`is not the ${bytes.length + 1} bytes long`);
});

test('a wrong byte in the directory is an error, or does not matter', async () => {
  for (let at = zip.indexOf('PK\x01\x02'); at < zip.length; at++) {
    const wrong = Buffer.from(zip);
    wrong.writeUInt8(wrong.readUInt8(at) ^ 0x81, at);
    const outcome = await read(wrong, 'a/packed').catch(() => bytes);
    expect(outcome.equals(bytes), `byte ${at}`).toBe(true);
  }
});
