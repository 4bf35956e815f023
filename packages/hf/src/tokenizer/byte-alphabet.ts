/**
 * Byte-level vocabularies spell every byte as one printable character, so that tokens are readable strings without
 * spaces: bytes that print in Latin-1 stand for themselves, the others for U+0100 onwards in their order.
 * Source: `bytes_to_unicode` of the GPT-2 encoder.
 */
const printable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

/** The character of each byte. */
export const byteCharacters: readonly string[] = spellBytes();

const bytes: ReadonlyMap<string, number> = new Map(byteCharacters.map((character, byte) => [character, byte]));

/** The bytes that a token of a byte-level vocabulary spells; null when one of its characters stands for no byte. */
export function spelledBytes(token: string): Uint8Array | null {
  const spelled: number[] = [];
  for (const character of token) {
    const byte = bytes.get(character);
    if (byte === undefined) return null;
    spelled.push(byte);
  }
  return Uint8Array.from(spelled);
}

function spellBytes(): string[] {
  let next = 0x100;
  return Array.from({ length: 0x100 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}
