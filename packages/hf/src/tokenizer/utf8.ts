const encoder = new TextEncoder();
// A byte order mark is a character of the text like any other here, so it must survive.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 of `text`; a lone surrogate becomes U+FFFD. */
export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

const loneSurrogates = /\p{Surrogate}/gu;

/** Text that UTF-8 can express: a surrogate without its other half becomes U+FFFD. */
export function withoutLoneSurrogates(text: string): string {
  return text.replace(loneSurrogates, '\uFFFD');
}

/** Text of UTF-8 bytes that arrive in pieces, which may end inside a character; what is not UTF-8 becomes U+FFFD. */
export function fromUtf8(pieces: readonly Uint8Array[]): string {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return decoder.decode(whole);
}
