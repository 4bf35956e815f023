/** The part of a GGUF file's tokenizer that depends on its kind: how text without special tokens is spelled. */
export interface GgufTextCoder {
  /** Whether texts begin with BOS when the file does not say. */
  readonly addBos: boolean;
  /** Whether a space is put before text that begins or follows a special token. */
  readonly addSpacePrefix: boolean;
  /** Token ids of a text that is not empty and has no special tokens in it. */
  encode(text: string): readonly number[];
  /** The bytes that a token's text spells; null when they are just the text's own. */
  bytes(token: string, kind: number | undefined): Uint8Array | null;
}
