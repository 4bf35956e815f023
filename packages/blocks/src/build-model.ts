import { type Graph, GraphBuilder } from '@tttv2/graph';
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
  const { vocabSize, hiddenDim, embeddingScale, layers, ropeTables, finalNorm, tieEmbeddings } = spec;
  const builder = new GraphBuilder(name);
  const embedding = builder.parameter('embedding.weight', [vocabSize, hiddenDim]);
  const embedded = builder.scope('embedding', () => {
    const rows = builder.node('gather_rows', {}, [embedding, builder.input('tokens')]);
    return embeddingScale === 1 ? rows : builder.node('affine', { scale: embeddingScale, offset: 0 }, [rows]);
  });
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
