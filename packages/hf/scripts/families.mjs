// Writes the lists of families, `src/models/index.ts` and `src/gguf/index.ts`, from the files beside them.
// With --check it writes nothing, and fails when a list is not what it would write.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** As the formatter orders imports: `gpt_oss` before `gpt2`. */
const byName = new Intl.Collator('en', { numeric: true }).compare;

const lists = [
  { folder: 'models', name: 'models', type: 'ModelFamily', from: '../define-model.ts' },
  { folder: 'gguf', name: 'ggufModels', type: 'GgufFamily', from: '../define-gguf-model.ts' },
];

const stale = lists.filter(({ folder, ...list }) => {
  const path = new URL(`../src/${folder}/index.ts`, import.meta.url);
  const wanted = render(namesIn(folder), list);
  if (wanted === readFileSync(path, 'utf8')) return false;
  if (!process.argv.includes('--check')) writeFileSync(path, wanted);
  return true;
});
if (process.argv.includes('--check') && stale.length > 0) {
  console.error('a list of families is stale: run `node scripts/families.mjs`');
  process.exitCode = 1;
}

function namesIn(folder) {
  return readdirSync(new URL(`../src/${folder}/`, import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'index.ts')
    .map((file) => file.slice(0, -'.ts'.length))
    .sort(byName);
}

function render(names, { name, type, from }) {
  const imports = names.map((file) => `import ${identifier(file)} from './${file}.ts';`);
  const head = `export const ${name}: readonly ${type}[] = [`;
  const list = names.map(identifier);
  const line = `${head}${list.join(', ')}];`;
  // As the formatter has it.
  const written = line.length <= 120 ? line : [head, ...list.map((one) => `  ${one},`), '];'].join('\n');
  return `// Written by scripts/families.mjs from the files of this folder.
import type { ${type} } from '${from}';
${imports.join('\n')}

${written}
`;
}

function identifier(file) {
  return file.replaceAll(/[-.](.)/g, (_, letter) => letter.toUpperCase());
}
