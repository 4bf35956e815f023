import { type Graph, GraphBuilder, type ValueId } from '@tttv2/graph';
import type { ModelSpec } from '@tttv2/spec';
import { decoderLayer, type LayerContext } from './decoder-layer.ts';
import { norm } from './norm.ts';

/**
 * Emits the graph of a decoder: `tokens[N]` in, `logits[R, V]` out for the rows `logitRows[R]`.
 *
 *     tokens ─ embedding ─ embeddingNorm ─ layers.0 ─ … ─ lastRows ─ finalNorm ─ lmHead ─▶ logits
 */
export function buildModel(spec: ModelSpec, { name = 'decoder' }: { name?: string } = {}): Graph {
  const { vocabSize, hiddenDim, layers, ropeTables, finalNorm } = spec;
  const builder = new GraphBuilder(name, spec);
  const embedding = builder.parameter('embedding.weight', [vocabSize, hiddenDim]);
  const embedded = builder.scope('embedding', () => embed(builder, embedding, spec));
  const context: LayerContext = { ropeTables, selected: null };
  const hidden = layers.reduce(
    (x, layer, i) => builder.scope(`layers.${i}`, () => decoderLayer(builder, x, layer, context)),
    norm(builder, 'embeddingNorm', embedded, spec.embeddingNorm, hiddenDim),
  );
  const rows = builder.scope('lastRows', () => builder.node('gather_rows', {}, [hidden, builder.input('logitRows')]));
  const normed = norm(builder, 'finalNorm', rows, finalNorm, hiddenDim);
  const logits = builder.scope('lmHead', () => head(builder, normed, embedding, spec));
  return builder.build({ logits });
}

/** Logits of rows: by the head's own weights or the embedding's, then scaled and bounded. */
function head(builder: GraphBuilder, rows: ValueId, embedding: ValueId, spec: ModelSpec): ValueId {
  const { vocabSize, hiddenDim, tieEmbeddings, useBiasHead, logitScale, logitSoftcap: cap } = spec;
  const weight = tieEmbeddings ? embedding : builder.parameter('lmHead.weight', [vocabSize, hiddenDim]);
  const bias = useBiasHead ? [builder.parameter('lmHead.bias', [vocabSize])] : [];
  const scale = (of: ValueId, by: number) => (by === 1 ? of : builder.node('affine', { scale: by, offset: 0 }, [of]));
  const logits = builder.node('linear', {}, [rows, weight, ...bias]);
  if (cap === null) return scale(logits, logitScale);
  return scale(builder.node('activation', { fn: 'tanh' }, [scale(logits, logitScale / cap)]), cap);
}

/** Rows of the table `embedding`, scaled, and the learned rows of their positions added. */
function embed(builder: GraphBuilder, embedding: ValueId, spec: ModelSpec): ValueId {
  const { hiddenDim, embeddingScale, learnedPositions } = spec;
  const rows = builder.node('gather_rows', {}, [embedding, builder.input('tokens')]);
  const scaled = embeddingScale === 1 ? rows : builder.node('affine', { scale: embeddingScale, offset: 0 }, [rows]);
  if (learnedPositions === null) return scaled;
  const table = builder.parameter('positions.weight', [learnedPositions.size, hiddenDim]);
  return builder.node('add', {}, [scaled, builder.node('gather_rows', {}, [table, builder.input('positions')])]);
}
