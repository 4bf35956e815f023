import type { LayerSpec, ModelSpec, RopeSpec } from '@tttv2/spec';

/** A mixer in a few words. */
export function describeMixer(mixer: LayerSpec['mixer'], ropeTables: ModelSpec['ropeTables']): string {
  if (mixer.kind !== 'attention') return describeFields(mixer);
  const { attentionType, numHeads, numKvHeads, headDim, slidingWindowSize, rope } = mixer;
  const over = numKvHeads === numHeads ? '' : ` over ${numKvHeads} KV heads`;
  return [
    `${attentionType} attention`,
    `${numHeads} heads${over} of ${headDim}`,
    ...(slidingWindowSize === null ? [] : [`window ${slidingWindowSize}`]),
    rope === null ? 'no rotary positions' : describeRope(ropeTables[rope]),
  ].join(', ');
}

/** A feed-forward network in a few words. */
export function describeFfn(ffn: LayerSpec['ffn']): string {
  if (ffn === null) return 'none';
  if (ffn.kind !== 'dense') return describeFields(ffn);
  return `${ffn.useGate ? 'gated ' : ''}${ffn.activation}`;
}

function describeRope(rope: RopeSpec | undefined): string {
  if (rope === undefined) return 'rotary positions';
  const { theta, scaling } = rope;
  return `rotary θ ${theta}${scaling.kind === 'default' ? '' : ` scaled by ${scaling.kind}`}`;
}

/** For kinds that nobody has put into words: what is set, by its name in the specification. */
function describeFields({ kind, ...fields }: { kind: string }): string {
  const set = Object.entries(fields).flatMap(([name, value]) => {
    if (value === true) return [name];
    return typeof value === 'number' || typeof value === 'string' ? [`${name} ${value}`] : [];
  });
  return [kind, ...set].join(', ');
}
