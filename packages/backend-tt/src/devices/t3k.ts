import { n300 } from './n300.ts';
import { several } from './several.ts';

/** Derived: four n300. */
export const t3k = several(n300, 4, { name: 't3k', description: 'Tenstorrent T3000, four n300', mesh: [1, 8] });
