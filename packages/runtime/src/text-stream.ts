/** What turns token ids into text. */
export interface Detokenizer {
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
}

const replacement = '\uFFFD';

/**
 * Text of tokens as they come. A character whose bytes are spread over tokens comes whole, with its last token; so does
 * the space that some tokenizers put between words.
 */
export class TextStream {
  readonly #detokenizer: Detokenizer;
  readonly #ids: number[] = [];
  /** Decoding starts a few tokens back: what a token adds can depend on the one before it. */
  #from = 0;
  #shown = 0;

  constructor(detokenizer: Detokenizer) {
    this.#detokenizer = detokenizer;
  }

  /** Adds a token and returns the text that is now complete, often none. */
  push(id: number): string {
    this.#ids.push(id);
    const added = this.#added();
    return added.endsWith(replacement) ? '' : this.#show(added);
  }

  /** What is left when no more tokens come: incomplete bytes are shown as U+FFFD. */
  end(): string {
    return this.#show(this.#added());
  }

  #added(): string {
    const before = this.#decode(this.#from, this.#shown);
    return this.#decode(this.#from, this.#ids.length).slice(before.length);
  }

  #show(text: string): string {
    if (text === '') return '';
    this.#from = this.#shown;
    this.#shown = this.#ids.length;
    return text;
  }

  #decode(from: number, to: number): string {
    return this.#detokenizer.decode(this.#ids.slice(from, to), { skipSpecialTokens: true });
  }
}
