/** Strict, and a byte order mark is text like any other: vocabularies hold it as a token. */
export const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
