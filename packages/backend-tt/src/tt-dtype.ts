/** Storage types of what is computed with; the last two are blocks of 16 numbers that share an exponent. */
const floats = ['float32', 'bfloat16', 'bfloat8_b', 'bfloat4_b'] as const;
export type TtFloat = (typeof floats)[number];

/** Storage types of ttnn tensors that we use. */
export type TtDtype = TtFloat | 'uint32' | 'int32';

export function isTtFloat(name: string): name is TtFloat {
  return floats.some((dtype) => dtype === name);
}

/** @throws TypeError when a graph wants another; `checkSupported` has refused those by name. */
export function ttFloat(name: string): TtFloat {
  if (!isTtFloat(name)) throw new TypeError(`ttnn has no ${name}`);
  return name;
}
