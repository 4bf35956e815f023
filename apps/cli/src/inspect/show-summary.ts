import { buildModel } from '@tttv2/blocks';
import type { ModelSpec } from '@tttv2/spec';
import { showBytes, showCount } from '../units.ts';
import { wrap } from '../wrap.ts';
import type { Group } from './groups.ts';
import { drawModel } from './picture.ts';
import type { Summary } from './summary.ts';

/** A model for people: its picture, its parameters, and what else there is to know. Fits 80 columns. */
export function showSummary(summary: Summary, spec: ModelSpec): string {
  return [
    titleOf(summary),
    '',
    ...drawModel(buildModel(spec), spec).map((line) => `  ${line}`),
    '',
    ...parameterTable(summary),
    '',
    ...factsOf(summary).flatMap(([name, fact]) => indented(name, fact)),
  ].join('\n');
}

function titleOf({ name, modelType, format }: Summary): string {
  return `${name} (${[...(modelType === null ? [] : [modelType]), format].join(', ')})`;
}

function parameterTable({ groups, parameters, bytes }: Summary): string[] {
  const row = (name: string, group: Omit<Group, 'name' | 'dtypes'>, dtypes: readonly string[]) =>
    `${name.padEnd(16)}${showCount(group.parameters).padStart(9)}${showBytes(group.bytes).padStart(11)}  ${dtypes.join(', ')}`;
  return [
    row('parameters', { parameters, bytes }, []).trimEnd(),
    ...groups.map((group) => row(`  ${group.name}`, group, group.dtypes)),
  ];
}

function factsOf(summary: Summary): [string, string][] {
  const { maxSeqLen, tieEmbeddings, randomSeed, hasTokenizer, tokenizerProblem, hasChatTemplate, eosTokenIds } =
    summary;
  return [
    ['context', maxSeqLen === null ? 'any length' : `${maxSeqLen} tokens`],
    ['head', tieEmbeddings ? 'tied to the embedding' : 'its own weights'],
    ['tokenizer', tokenizerProblem ?? (hasTokenizer ? 'yes' : 'no')],
    ['chat template', hasChatTemplate ? 'yes' : 'no'],
    ['end tokens', eosTokenIds.length === 0 ? 'none known' : eosTokenIds.join(', ')],
    ...(randomSeed === null ? [] : [fact('weights', `none here: random weights from seed ${randomSeed}`)]),
    ...summary.ignoredTensors.map(({ tensors, count, why }) =>
      fact('ignored', `${tensors} (${count} ${count === 1 ? 'tensor' : 'tensors'}): ${why}`),
    ),
    ...summary.assumed.map((tensor) => fact('cut off', `the numbers of ${tensor}: taken as 1`)),
  ];
}

function fact(name: string, text: string): [string, string] {
  return [name, text];
}

function indented(name: string, text: string): string[] {
  return wrap(text, 64).map((line, i) => `${(i === 0 ? name : '').padEnd(16)}${line}`);
}
