/** A text as a Python string. */
export function quote(text: string): string {
  return `'${escaped(text)}'`;
}

/** Pieces of a Python string with an expression between them: `f'layers.{i}.weight'`. */
export function quoteWith(expression: string, [before, after]: readonly [string, string]): string {
  const literal = (text: string) => escaped(text).replace(/[{}]/g, '$&$&');
  return `f'${literal(before)}{${expression}}${literal(after)}'`;
}

/** A text within a docstring. */
export function docText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

function escaped(text: string): string {
  return text
    .replace(/[\\']/g, '\\$&')
    .replace(/[\n\r\u2028\u2029\0]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
