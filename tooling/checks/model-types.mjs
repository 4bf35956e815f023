// Fails when a source file outside of the families' own names one of them: what a family is must be said in its file,
// so that no code branches on names. GGUF has names of its own for architectures and tokenizers, which lie in their rooms.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const families = 'packages/hf/src/models';
const rooms = [families, 'packages/hf/src/gguf', 'packages/hf/src/tokenizer'];
const modelTypes = sources(families).map((file) => file.slice(`${families}/`.length, -'.ts'.length));
const named = new RegExp(`(['"\`])(?:${modelTypes.join('|')})\\1`);

const found = ['packages', 'apps']
  .flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}/src`))
  .flatMap(sources)
  .filter((file) => !rooms.some((room) => file.startsWith(`${room}/`)))
  .flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, i) => (named.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );

if (modelTypes.length < 2) fail(`there are no families in ${families}: has the folder moved?`);
if (found.length > 0) fail(`name no model type outside of ${families}:\n${found.join('\n')}`);

/** TypeScript that is shipped: tests may name what they like. */
function sources(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/(^|\/)index\.ts$/.test(file))
    .filter((file) => !/(^|\/)(fixtures|testing)\//.test(file))
    .map((file) => join(folder, file));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
