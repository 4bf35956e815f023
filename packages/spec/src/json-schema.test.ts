import { expect, test } from 'vitest';
import { z } from 'zod';
import { hardwareConfigJsonSchema, modelSpecJsonSchema } from './json-schema.ts';
import { uniformModelSpec } from './uniform.ts';

// Written anew by vitest -u.
test.each([
  ['model-spec', modelSpecJsonSchema()],
  ['hardware-config', hardwareConfigJsonSchema()],
])('%s.schema.json, which the package brings, is the schema', async (name, schema) => {
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(`../schemas/${name}.schema.json`);
});

const base = { vocabSize: 11, hiddenDim: 16, numLayers: 1, numHeads: 4, intermediateDim: 24 };

test('a validator that knows the schema alone takes a specification and refuses others', () => {
  const schema = z.fromJSONSchema({ ...modelSpecJsonSchema() });
  const { logitScale: _, ...older } = uniformModelSpec(base);
  expect(schema.safeParse(older).success).toBe(true);
  for (const wrong of [{ vocabSize: 0 }, { vocabSize: undefined }, { layers: [{}] }, { unknown: 1 }])
    expect(schema.safeParse({ ...older, ...wrong }).success).toBe(false);
});
