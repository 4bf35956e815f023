import { referenceBackend } from '@tttv2/graph';
import { describe, test } from 'vitest';
import { backendContract } from './index.ts';

describe('the reference backend', () => {
  for (const { name, run } of backendContract({ backend: referenceBackend })) test(name, run);
});
