import type { DeviceParameter } from './device-parameter.ts';

/** The weights of a program on the device; both phases use the same. */
export class ParameterTable {
  readonly #byKey = new Map<string, DeviceParameter>();
  readonly #names = new Set<string>();

  /** The weight that `key` stands for, made when it is asked for first; its name gets a number when it is taken. */
  add(key: string, { name: wanted, ...facts }: DeviceParameter): DeviceParameter {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    let name = wanted;
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}_${i}`;
    this.#names.add(name);
    const parameter = { name, ...facts };
    this.#byKey.set(key, parameter);
    return parameter;
  }

  all(): DeviceParameter[] {
    return [...this.#byKey.values()];
  }
}
