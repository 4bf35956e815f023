/** Columns of a line. */
const limit = 120;

/** A line of Python, broken within its outermost brackets when it is long; an argument that is still long likewise. */
export function wrapCall(line: string, indent: string, comment = ''): string {
  const whole = `${indent}${line}`;
  const remark = comment === '' ? '' : `  # ${comment}`;
  if (whole.length + remark.length <= limit) return whole + remark;
  if (whole.length <= limit) return `${indent}# ${comment}\n${whole}`;
  const open = line.indexOf('(');
  if (open < 0 || !line.endsWith(')') || closing(line, open) !== line.length - 1) return whole + remark;
  const args = splitArguments(line.slice(open + 1, -1));
  const inner = `${indent}    `;
  const body = fill(args, limit - inner.length).map((text) =>
    text.endsWith(',') ? `${wrapCall(text.slice(0, -1), inner)},` : wrapCall(text, inner),
  );
  return [`${indent}${line.slice(0, open + 1)}`, ...body, `${indent})${remark}`].join('\n');
}

/** Arguments in as few lines as hold them. */
function fill(args: readonly string[], width: number): string[] {
  const lines: string[] = [];
  args.forEach((arg, i) => {
    const piece = i === args.length - 1 ? arg : `${arg},`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= width) lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(piece);
  });
  return lines;
}

/** Place of the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')') depth--;
    if (depth === 0) return at;
  }
  return -1;
}

function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  [...text].forEach((letter, at) => {
    if ('([{'.includes(letter)) depth++;
    if (')]}'.includes(letter)) depth--;
    if (letter === ',' && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  });
  return [...parts, text.slice(from).trim()].filter((part) => part !== '');
}
