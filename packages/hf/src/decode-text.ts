import { CheckpointError } from '@tttv2/spec';

/** Longest text that is read whole, in bytes: the largest tokenizer.json in use is a third of it. */
export const maxTextBytes = 128 * 2 ** 20;

/** @throws CheckpointError when a text of this length is not one we read whole. */
export function checkTextLength(bytes: number, file: string): void {
  if (bytes > maxTextBytes) {
    const message = `has ${bytes} bytes, but a text of a model has at most ${maxTextBytes}: is it the right file?`;
    throw new CheckpointError({ file, message });
  }
}

/** @throws CheckpointError when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError({ file, message: 'is not text in UTF-8: download it again', cause });
  }
}
