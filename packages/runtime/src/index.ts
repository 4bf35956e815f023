export { argmax } from './argmax.ts';
export type { FeedOptions } from './feed.ts';
export { feed, feedAll } from './feed.ts';
export type {
  FinishReason,
  GenerateModel,
  GenerateRequest,
  GenerateResult,
  GenerateTimings,
  TextChunk,
} from './generate.ts';
export { checkIds, Generation, generate, roomAfter } from './generate.ts';
export { KeptSequence } from './kept-sequence.ts';
export { LogitsError } from './logits-error.ts';
export type { Logprobs, TokenLogprob } from './logprobs.ts';
export { logprobsOf } from './logprobs.ts';
export { Sampler } from './sampler.ts';
export type { Sampling } from './sampling.ts';
export { greedy } from './sampling.ts';
export { StopStrings } from './stop-strings.ts';
export type { Detokenizer } from './text-stream.ts';
export { TextStream } from './text-stream.ts';
export { TokenHistory } from './token-history.ts';
