import { backendContract } from '@tttv2/testing';
import { describe, test } from 'vitest';
import { cpuBackend } from './index.ts';

describe('cpu', () => {
  for (const { name, run } of backendContract({ backend: cpuBackend })) test(name, run);
});
