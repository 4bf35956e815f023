import { p150 } from './p150.ts';
import { several } from './several.ts';

/** Derived: four p150. */
export const p150x4 = several(p150.spec, 4, {
  name: 'p150x4',
  description: 'Tenstorrent Blackhole, four p150',
  mesh: [1, 4],
});
