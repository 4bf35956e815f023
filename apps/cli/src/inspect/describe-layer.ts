import type { LayerSpec, ModelSpec, RopeSpec } from '@tttv2/spec';

/** A mixer in a few words. */
export function describeMixer(mixer: LayerSpec['mixer'], ropeTables: ModelSpec['ropeTables']): string {
  if (mixer === null) return 'none';
  if (mixer.kind === 'mla') return describeMla(mixer, ropeTables);
  if (mixer.kind !== 'attention') return describeFields(mixer);
  const { attentionType, numHeads, numKvHeads, headDim, slidingWindowSize, rope, alibiSlopes } = mixer;
  const over = numKvHeads === numHeads ? '' : ` over ${numKvHeads} KV heads`;
  return [
    `${attentionType} attention`,
    `${numHeads} heads${over} of ${headDim}`,
    ...(slidingWindowSize === null ? [] : [`window ${slidingWindowSize}`]),
    ...(mixer.valuesAreKeys ? ['values are keys'] : []),
    ...(mixer.chunkSize === null ? [] : [`chunks of ${mixer.chunkSize}`]),
    ...(alibiSlopes === null ? [] : ['linear biases']),
    ...(mixer.softcap === null ? [] : [`logits capped at ${mixer.softcap}`]),
    ...(mixer.useSinks ? ['sinks'] : []),
    ...(mixer.outputGate === null ? [] : [`output gate ${mixer.outputGate.replace('_', ' ')}`]),
    ...(mixer.queryGrowth === null ? [] : [`queries grow every ${mixer.queryGrowth.interval}`]),
    rope === null ? 'no rotary positions' : describeRope(ropeTables[rope]),
  ].join(', ');
}

type Mla = Extract<NonNullable<LayerSpec['mixer']>, { kind: 'mla' }>;

function describeMla(mla: Mla, ropeTables: ModelSpec['ropeTables']): string {
  const { numHeads, qkNopeHeadDim, qkRopeHeadDim, vHeadDim, qLoraRank, kvLoraRank, rope, selection } = mla;
  return [
    'latent attention',
    `${numHeads} heads of ${qkNopeHeadDim} + ${qkRopeHeadDim}, values of ${vHeadDim}`,
    qLoraRank === null ? `latents of ${kvLoraRank}` : `latents of ${qLoraRank} and ${kvLoraRank}`,
    ...(selection === null
      ? []
      : [`${selection.topK} tokens of ${selection.kind === 'own' ? 'its own' : 'a shared'} selection`]),
    rope === null ? 'no rotary positions' : describeRope(ropeTables[rope]),
  ].join(', ');
}

/** A feed-forward network in a few words. */
export function describeFfn(ffn: LayerSpec['ffn']): string {
  if (ffn === null) return 'none';
  if (ffn.kind === 'dense') return `${ffn.useGate ? 'gated ' : ''}${ffn.activation}`;
  const { numExperts, topK, intermediateDim, activation, router, shared, latentDim, useGate } = ffn;
  return [
    `${topK} of ${numExperts} experts of ${intermediateDim}`,
    ...(router.groups === null ? [] : [`from ${router.groups.chosen} of ${router.groups.count} groups`]),
    ...(shared === null ? [] : [`one of ${shared.ffn.intermediateDim} for all`]),
    ...(latentDim === null ? [] : [`on a projection to ${latentDim}`]),
    `${useGate ? 'gated ' : ''}${activation}`,
    `by ${router.score}`,
  ].join(', ');
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
