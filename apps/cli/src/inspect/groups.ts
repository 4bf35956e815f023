import { elementCount, shapeOf, type WeightSource } from '@tttv2/graph';
import { storedAs } from '@tttv2/hf';
import type { Dtype } from '@tttv2/spec';

/** Parameters that serve one purpose. */
export interface Group {
  name: string;
  parameters: number;
  bytes: number;
  /** Types in which they are stored. */
  dtypes: Dtype[];
}

const norms = 'norms';

/** A model's parameters by purpose, in the order of the model; norms, which stand everywhere, come last. */
export function groupsOf(weights: WeightSource): Group[] {
  const groups = new Map<string, Group>();
  for (const parameter of weights.names()) {
    const name = groupName(parameter);
    const expr = weights.describe(parameter);
    const { dtype, bytes } = storedAs(expr);
    const before = groups.get(name) ?? { name, parameters: 0, bytes: 0, dtypes: [] };
    groups.set(name, {
      name,
      parameters: before.parameters + elementCount(shapeOf(expr)),
      bytes: before.bytes + bytes,
      dtypes: before.dtypes.includes(dtype) ? before.dtypes : [...before.dtypes, dtype],
    });
  }
  const [ofNorms, others] = [groups.get(norms), [...groups.values()].filter(({ name }) => name !== norms)];
  return ofNorms === undefined ? others : [...others, ofNorms];
}

/** `layers.3.mixer.q.weight` → `mixer`. */
function groupName(parameter: string): string {
  const parts = parameter.split('.');
  const name = (parts[0] === 'layers' ? parts[2] : parts[0]) ?? parameter;
  return /norm$/i.test(name) ? norms : name;
}
