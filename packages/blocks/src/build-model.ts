import { type Graph, GraphBuilder, type ValueId } from '@tttv2/graph';
import type { ModelSpec } from '@tttv2/spec';
import { decoderLayer } from './decoder-layer.ts';
import { linear } from './linear.ts';
import { norm } from './norm.ts';

/**
 * Emits the graph of a decoder: `tokens[N]` in, `logits[R, V]` out for the rows `logitRows[R]`.
 *
 *     tokens ─ embedding ─ layers.0 ─ … ─ lastRows ─ finalNorm ─ lmHead ─▶ logits
 */
export function buildModel(spec: ModelSpec, { name = 'decoder' }: { name?: string } = {}): Graph {
  const { vocabSize, hiddenDim, layers, ropeTables, finalNorm, tieEmbeddings } = spec;
  const builder = new GraphBuilder(name);
  const embedding = builder.parameter('embedding.weight', [vocabSize, hiddenDim]);
  const embedded = builder.scope('embedding', () => embed(builder, embedding, spec));
  const hidden = layers.reduce(
    (x, layer, i) => builder.scope(`layers.${i}`, () => decoderLayer(builder, x, layer, ropeTables)),
    embedded,
  );
  const rows = builder.scope('lastRows', () => builder.node('gather_rows', {}, [hidden, builder.input('logitRows')]));
  const normed = norm(builder, 'finalNorm', rows, finalNorm, hiddenDim);
  const logits = builder.scope('lmHead', () =>
    tieEmbeddings
      ? builder.node('linear', {}, [normed, embedding])
      : linear(builder, normed, { inputs: hiddenDim, outputs: vocabSize, useBias: false }),
  );
  return builder.build({ logits });
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
