import { cpuBackend } from '@tttv2/backend-cpu';
import type { Backend } from '@tttv2/graph';

/** The kinds of device that this program brings along. */
export const backends: readonly Backend[] = [cpuBackend];
