import { p150 } from './p150.ts';
import { several } from './several.ts';

/** Derived: eight p150. */
export const p150x8 = several(p150.spec, 8, {
  name: 'p150x8',
  description: 'Tenstorrent Blackhole, eight p150',
  mesh: [1, 8],
});
