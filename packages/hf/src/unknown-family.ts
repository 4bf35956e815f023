import { UnsupportedModelError } from '@tttv2/spec';
import { nearestName } from './nearest-name.ts';

/** The error for a family that nobody here knows: which it is, which is like it, and which there are. */
export function unknownFamily(facts: {
  file: string;
  /** The key that named the family. */
  key: string;
  found: string;
  supported: readonly string[];
}): UnsupportedModelError {
  const { file, key, found, supported } = facts;
  const nearest = nearestName(found, supported);
  const hint = nearest === null ? '' : ` (the name most like it: "${nearest}")`;
  const message = `${file}: ${key} "${found}" is not supported${hint}; supported are ${supported.join(', ')}`;
  return new UnsupportedModelError({ modelType: found, keys: [key], nearest, message });
}
