export { attention } from './attention.ts';
export { buildModel } from './build-model.ts';
export { decoderLayer } from './decoder-layer.ts';
export { feedForward } from './feed-forward.ts';
export { linear } from './linear.ts';
export { mla } from './mla.ts';
export { norm } from './norm.ts';
export { ssd } from './ssd.ts';
