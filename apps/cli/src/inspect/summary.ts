import type { ConversionReport } from '@tttv2/hf';
import { type LayerKind, layerKindsOf } from '@tttv2/spec';
import type { Architecture } from '../open-architecture.ts';
import { type Group, groupsOf } from './groups.ts';

/** What `inspect` tells of a model. */
export interface Summary {
  name: string;
  format: Architecture['format'];
  /** As the checkpoint calls it; null for a bare specification. */
  modelType: string | null;
  parameters: number;
  /** Bytes of the parameters as they are stored. */
  bytes: number;
  groups: Group[];
  layerKinds: LayerKind[];
  numLayers: number;
  hiddenDim: number;
  vocabSize: number;
  maxSeqLen: number | null;
  tieEmbeddings: boolean;
  /** Tensors of the checkpoint that no parameter needs. */
  ignoredTensors: ConversionReport['ignoredTensors'];
  /** Seed of the random numbers that stand for weights where there are none; else null. */
  randomSeed: number | null;
  hasTokenizer: boolean;
  /** Why the tokenizer is not supported; else null. */
  tokenizerProblem: string | null;
  hasChatTemplate: boolean;
  eosTokenIds: number[];
  /** Tensors whose numbers are part of the specification, lie beyond the end of the file, and are taken as 1. */
  assumed: readonly string[];
}

export function summarise(architecture: Architecture): Summary {
  const { name, format, spec, report, weights, randomSeed, text, textProblem, assumed } = architecture;
  const { numLayers, hiddenDim, vocabSize, maxSeqLen, tieEmbeddings } = spec;
  const groups = groupsOf(weights);
  const total = (count: (group: Group) => number) => groups.reduce((sum, group) => sum + count(group), 0);
  return {
    name,
    format,
    modelType: report?.modelType ?? null,
    parameters: total((group) => group.parameters),
    bytes: total((group) => group.bytes),
    groups,
    layerKinds: layerKindsOf(spec),
    numLayers,
    hiddenDim,
    vocabSize,
    maxSeqLen,
    tieEmbeddings,
    ignoredTensors: report?.ignoredTensors ?? [],
    randomSeed,
    hasTokenizer: text?.tokenizer != null,
    tokenizerProblem: textProblem,
    hasChatTemplate: text?.chatTemplate != null,
    eosTokenIds: [...(text?.generation.eosTokenIds ?? [])],
    assumed,
  };
}
