/** Text to token ids and back. Made by `tokenizerFromJson` or `tokenizerFromGguf`. */
export interface Tokenizer {
  /** Number of token ids: every id is below it. */
  readonly vocabSize: number;
  /** The token that begins a text; null when the tokenizer names none. */
  readonly bosTokenId: number | null;
  /** Tokens after which the model has nothing more to say. */
  readonly eosTokenIds: readonly number[];
  /**
   * Token ids of `text`. The text of a special token, such as `<|im_start|>`, always becomes that token.
   * `addSpecialTokens` (default true) adds the tokens around a text (BOS, EOS) that the tokenizer asks for. Lone
   * surrogates are read as U+FFFD. A byte for which the vocabulary has no token, if any, leaves no trace.
   */
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  /**
   * Text of `ids`; bytes that are not UTF-8 become U+FFFD. `skipSpecialTokens` (default false) leaves out the tokens for
   * which `isSpecial` holds. @throws RequestError for an id outside of the vocabulary.
   */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  /** True for a token that marks structure (BOS, end of turn, …) rather than text. */
  isSpecial(id: number): boolean;
  /**
   * The bytes that a token stands for in the text, which may be a part of a character; null when the vocabulary is not
   * byte-level, so that a token has no bytes of its own. @throws RequestError for an id outside of the vocabulary.
   */
  tokenBytes(id: number): Uint8Array | null;
}
