// Keeps the lists of files in contributing/architecture.md as the folders are: each package's files, with the first
// sentence of the first comment in each. Without --write it only checks.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const document = 'contributing/architecture.md';
const before = readFileSync(document, 'utf8');
const after = before.replaceAll(
  /<!-- files of (\S+) -->\n[\s\S]*?<!-- end -->/g,
  (_, folder) => `<!-- files of ${folder} -->\n${listOf(folder)}\n<!-- end -->`,
);

const missing = foldersOfPackages().filter((folder) => !after.includes(`<!-- files of ${folder} -->`));
if (missing.length > 0)
  fail(`${document} has no list for ${missing.join(', ')}: add "<!-- files of FOLDER -->" and "<!-- end -->"`);
if (process.argv.includes('--write')) writeFileSync(document, after);
else if (before !== after)
  fail(`the lists of files in ${document} are out of date: run node tooling/checks/file-lists.mjs --write`);

function foldersOfPackages() {
  return ['packages', 'apps'].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}/src`));
}

function listOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.includes('.test.') && basename(file) !== 'index.ts')
    .filter((file) => !/(^|\/)(fixtures|test)\//.test(file))
    .sort()
    .map((file) => `- \`${file}\`: ${sentenceOf(join(folder, file))}`)
    .join('\n');
}

/** The first sentence about what the file is named after, else about its first export, else of its first comment. */
function sentenceOf(file) {
  const text = readFileSync(file, 'utf8');
  const documented = [
    ...text.matchAll(
      /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*export (?:default |async |abstract )*(?:(?:const|function\*?|class|interface|type) )?(\w+)/g,
    ),
  ];
  const about = plain(basename(file).split('.')[0]);
  const best =
    documented.find(([, , name]) => plain(name) === about) ??
    documented.find(([, , name]) => plain(name).startsWith(about) || about.startsWith(plain(name))) ??
    documented[0] ??
    /\/\*\*((?:[^*]|\*(?!\/))*)\*\/|^\/\/ (.*(?:\n\/\/ .*)*)/m.exec(text);
  const words = (best?.[1] ?? best?.[2] ?? exportsOf(text))
    .replaceAll(/^\s*(\*|\/\/) ?/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return (/^.*?(?<!e\.g)\.(?= |$)/.exec(words)?.[0] ?? words).replace(/[.:]$/, '');
}

function plain(name) {
  return name.replaceAll(/[^a-z0-9]/gi, '').toLowerCase();
}

function exportsOf(text) {
  return [...text.matchAll(/^export (?:const|function|class|interface|type) (\w+)/gm)]
    .map(([, name]) => `\`${name}\``)
    .join(', ');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
