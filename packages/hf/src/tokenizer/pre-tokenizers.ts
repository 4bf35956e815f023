import { casedLetters } from './cased-letters.ts';

/** How a byte-level BPE vocabulary wants its text cut into words, which are then merged one by one. */
export interface PreTokenizer {
  /** Cuts text into words; joined, they are the text again. */
  split(text: string): string[];
  /** A word that is a token as it stands is not merged at all. */
  readonly wholeWordsFirst: boolean;
  /** Whether texts begin with BOS when the file does not say. */
  readonly addBos: boolean;
}

/** The pre-tokenizer that a GGUF file names in `tokenizer.ggml.pre`; undefined when none of that name is known. */
export function findPreTokenizer(name: string): PreTokenizer | undefined {
  return preTokenizers.get(name);
}

/** The names that `findPreTokenizer` knows, sorted. */
export function preTokenizerNames(): string[] {
  return [...preTokenizers.keys()].toSorted();
}

type Step = (piece: string) => string[];

/** Matches become words of their own, and so does what lies between them. */
function words(...alternatives: string[]): Step {
  const regex = unicodeRegex(alternatives.join('|'));
  return (piece) => {
    const pieces: string[] = [];
    let end = 0;
    for (const match of piece.matchAll(regex)) {
      pieces.push(piece.slice(end, match.index), match[0]);
      end = match.index + match[0].length;
    }
    pieces.push(piece.slice(end));
    return pieces.filter((word) => word !== '');
  };
}

/** Runs of digits fall into groups of three from the right: 1|234|567. (As a regex it would take quadratic time.) */
function groupsOfThree(digit: string): Step {
  const cutOutRuns = words(`${digit}+`);
  const isDigit = unicodeRegex(`^${digit}`);
  return (piece) => cutOutRuns(piece).flatMap((run) => (run.search(isDigit) === 0 ? threes(run) : [run]));
}

function threes(run: string): string[] {
  const digits = [...run];
  const first = digits.length % 3;
  const groups = first === 0 ? [] : [digits.slice(0, first).join('')];
  for (let start = first; start < digits.length; start += 3) groups.push(digits.slice(start, start + 3).join(''));
  return groups;
}

/** `\s` of JavaScript is not Unicode's white space: it lacks U+0085 and has U+FEFF. */
function unicodeRegex(source: string): RegExp {
  return new RegExp(source.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'gv');
}

const { raw } = String;

// Parts that many families share. The published patterns say (?i:…), which Node 20 does not know.
const contraction = raw`'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])`;
const word = raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const symbols = raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;
const lastSpaceApart = raw`\s+(?!\S)`;
const spaces = raw`\s*[\r\n]+|${lastSpaceApart}|\s+`;
const capitalsThenSmall = raw`[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]*[\p{L}--[A-Z]]+`;
const capitals = raw`[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]+[\p{L}--[A-Z]]*`;
const letters = raw`[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+`;
const symbolsOrSlash = raw` ?[^\s\p{L}\p{N}]+[\r\n\/]*`;
const notClauseMark = raw` ?[^\(\s\|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C\)]+`;
const punctuationWord = raw`[!"#$%&'\(\)*+,\-.\/:;<=>?@\[\\\]^_\x60\{\|\}~][A-Za-z]+`;
const markedWord = raw`[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+`;
const marks = raw` ?[\p{P}\p{S}]+`;
// Ideographs as llama.cpp counts them.
const han = raw`\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2EBEF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}`;
const hanOrKana = raw`\u4E00-\u9FA5\u3040-\u30FF`;
const hangul = raw`\uAC00-\uD7A3\u3131-\u318E`;
const fullWidthMarks = raw`\uFF01\u2026\u201C\u201D\u2018\u2019\u2014\uFF1A\uFF1B\uFF0C\u3001-\u303F\uFE30-\uFE4F`;
const bopomofo = raw`\u3105-\u312F`;
const spacelessScripts =
  raw`\u4E00-\uFAFF\u3400-\u4DBF\u3040-\u30FF\uFF65-\uFF9F\u2F00-\u2FDF\u0E40-\u0EFF\u1780-\u17FF` +
  raw`\u1000-\u109F\uAA60-\uAA7F\uA9E0-\uA9FF\u1100-\u11FF`;

const gpt2 = words(raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+`, lastSpaceApart);
const digits = words(raw`\p{N}`);
const upToThreeDigits = words(raw`\p{N}{1,3}`);
const llama3 = words(contraction, word, raw`\p{N}{1,3}`, symbols, spaces);
const qwen2 = words(contraction, word, raw`\p{N}`, symbols, spaces);
const gpt4o = words(
  `${capitalsThenSmall}(?:${contraction})?`,
  `${capitals}(?:${contraction})?`,
  raw`\p{N}{1,3}`,
  symbolsOrSlash,
  spaces,
);
const newlines = words(raw`[\r\n]`);
// In llama.cpp, white space beyond ASCII never matches a class that spells it out.
const eastAsian = words(raw`[[\u0800-\u9FA5\uAC00-\uD7FF]--\p{White_Space}]+`);
const hanAndKana = words(raw`[${hanOrKana}]+`);

interface Family {
  readonly names: readonly string[];
  readonly steps: readonly Step[];
  readonly wholeWordsFirst?: boolean;
  readonly addBos?: boolean;
}

/**
 * Steps of each name, applied one after the other to the pieces that the step before left.
 * Source: llama.cpp, `src/llama-vocab.cpp` and `src/unicode.cpp`, which mostly quote the `pre_tokenizer` of the original
 * tokenizer.json. Where it simplifies (any letter where the original tells upper case from lower), so does this table:
 * a GGUF file is to give the ids that it gives there. Only where it leaves digits joined to what stands before them
 * (afmoe, tiny_aya, cohere2moe, superbpe), this table has the original's words. Left out are vocabularies that are not
 * byte-level (gemma4) and those of encoders.
 */
const families: readonly Family[] = [
  {
    names: ['default'],
    steps: [words(raw`[\p{P}$+<=>^~\|]+`), gpt2, words(raw`\p{N}+`), words('[0-9][0-9][0-9]')],
  },
  {
    names: [
      'gpt-2',
      'phi-2',
      'gigachat',
      'a.x-4.0',
      'mellum',
      'mpt',
      'olmo',
      'jais',
      'trillion',
      'exaone4',
      'granite-docling',
    ],
    steps: [gpt2],
  },
  {
    names: ['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b', 'mellum2'],
    steps: [digits, gpt2],
  },
  {
    names: ['llama3', 'llama-v3', 'llama-bpe', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2'],
    steps: [llama3],
    wholeWordsFirst: true,
    addBos: true,
  },
  { names: ['dbrx', 'smaug-bpe', 'chatglm-bpe'], steps: [llama3] },
  { names: ['glm4', 'glm5'], steps: [llama3], wholeWordsFirst: true },
  {
    names: ['qwen2', 'deepseek-r1-qwen', 'kormo', 'f2llmv2', 'megrez', 'stablelm2', 'hunyuan', 'solar-open', 'grok-2'],
    steps: [qwen2],
  },
  {
    names: ['qwen35'],
    steps: [words(contraction, letters, raw`\p{N}`, raw` ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*`, spaces)],
  },
  { names: ['laguna'], steps: [words(raw`[^\n]+|\n+`), qwen2] },
  { names: ['ufakzeka'], steps: [words(word, raw`\p{N}`, symbols, spaces)] },
  {
    names: ['minicpm5'],
    steps: [upToThreeDigits, words(contraction, word, raw`\p{N}+`, symbols, spaces)],
    wholeWordsFirst: true,
  },
  {
    names: ['seed-coder'],
    steps: [words(contraction, word, raw`\p{N}`, raw` ?[^\s\p{L}\p{N}\r\n]+`, spaces)],
  },
  {
    names: ['bailingmoe', 'bailingmoe2', 'llada-moe'],
    steps: [words(contraction, word, raw`\p{N}`, symbols, raw`\s*[\r\n]|${lastSpaceApart}|\s+`)],
  },
  {
    names: ['exaone-moe'],
    steps: [
      words(
        contraction,
        raw`[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+`,
        raw`\p{N}`,
        raw` ?[^\s\p{L}\p{N}]+[\r\n\/]?`,
        raw`\s*[\r\n]|${lastSpaceApart}|\s+`,
      ),
    ],
  },
  {
    names: ['jais-2'],
    steps: [
      words(
        contraction,
        word,
        raw`\p{N}{1,3}`,
        symbols,
        raw`\s*[\r\n]+`,
        ...[512, 256, 128, 64, 32, 16, 8, 4].map((count) => raw`\s{${count}}(?!\S)`),
        raw`\s{1,2}(?!\S)|\s`,
      ),
    ],
  },
  { names: ['gpt-4o', 'llama4', 'kanana2', 'talkie', 'minimax-m2'], steps: [gpt4o] },
  {
    names: ['tekken'],
    steps: [words(capitalsThenSmall, capitals, raw`\p{N}`, symbolsOrSlash, spaces)],
    wholeWordsFirst: true,
    addBos: true,
  },
  {
    names: ['tiny_aya', 'cohere2moe'],
    steps: [groupsOfThree(raw`\p{N}`), words(`${letters}(?:${contraction})?`, raw`\p{N}{1,3}`, symbolsOrSlash, spaces)],
  },
  {
    names: ['youtu'],
    steps: [
      words(`[${hangul}]+|[${fullWidthMarks}]+|[${bopomofo}]+|[${hanOrKana}]+`),
      words(`${letters}(?:${contraction})?`, raw`\p{N}`, symbolsOrSlash, spaces),
    ],
    wholeWordsFirst: true,
  },
  {
    names: ['kimi-k2'],
    steps: [
      words(
        `[${han}]+`,
        raw`[^\r\n\p{L}\p{N}]?[\p{L}--[${han}]]+(?:${contraction})?`,
        raw`\p{N}{1,3}`,
        symbols,
        spaces,
      ),
    ],
  },
  {
    names: ['deepseek-llm'],
    steps: [
      newlines,
      words(raw`\s?[${casedLetters}]+`),
      words(raw`\s?[!-\/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3001\u3002]+`),
      words(raw`\s+$`),
      eastAsian,
      words(raw`\p{N}+`),
    ],
  },
  { names: ['deepseek-coder'], steps: [newlines, words(raw`\s?\p{L}+`), words(raw`\s?\p{P}+`), eastAsian, digits] },
  {
    names: ['deepseek-v3', 'hunyuan-dense', 'joyai-llm', 'hy_v4'],
    steps: [upToThreeDigits, hanAndKana, words(punctuationWord, markedWord, raw`${marks}[\r\n]*`, spaces)],
  },
  {
    names: ['spark2_5'],
    steps: [
      upToThreeDigits,
      hanAndKana,
      words(punctuationWord, markedWord, marks, raw`[\r\n]|${lastSpaceApart}|\s+`),
      digits,
    ],
  },
  {
    names: ['afmoe'],
    steps: [
      groupsOfThree(raw`\p{N}`),
      words(`[${spacelessScripts}]+`),
      words(punctuationWord, markedWord, raw`${marks}[\r\n]*`, spaces),
    ],
  },
  { names: ['superbpe'], steps: [words(raw`\p{N}+`), groupsOfThree('[0-9]')] },
  {
    names: ['falcon'],
    steps: [words(raw`[\p{P}$+<=>^~\|\x60]+`), gpt2, words('[0-9][0-9][0-9]')],
  },
  { names: ['poro-chat', 'bloom', 'gpt3-finnish'], steps: [words(notClauseMark)] },
  { names: ['viking'], steps: [words(notClauseMark), digits] },
  {
    names: ['chameleon'],
    steps: [
      words('<sentinel:[0-9]+>'),
      words('IMGIMG[A-I]{1,4}Z'),
      words(raw`[\t\n]|    |  `),
      digits,
      words(raw`[\p{P}!-\/:-@\[-\x60\{-~]`),
      gpt2,
    ],
    addBos: true,
  },
];

const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map(
  families.flatMap(({ names, steps, wholeWordsFirst = false, addBos = false }) => {
    const split = (text: string): string[] => steps.reduce((pieces, step) => pieces.flatMap(step), [text]);
    return names.map((name) => [name, { split, wholeWordsFirst, addBos }]);
  }),
);
