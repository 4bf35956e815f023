import { expect, test } from 'vitest';
import { mropeOf } from './mrope-config.ts';

const config = { max_position_embeddings: 64 };

test('axes take turns where the family says so, and no key otherwise', () => {
  const isInterleaved = (keys: object, family: object) =>
    mropeOf({ ...config, ...keys }, 16, { theta: 100, sections: [4, 2, 2], ...family }).mrope?.isInterleaved;
  const key = (mrope_interleaved: boolean) => ({ rope_scaling: { rope_type: 'default', mrope_interleaved } });
  expect([isInterleaved({}, {}), isInterleaved({}, { isInterleaved: true })]).toEqual([false, true]);
  expect([isInterleaved(key(true), {}), isInterleaved(key(false), { isInterleaved: true })]).toEqual([true, false]);
});
