/** What is not given is left out: the model may have a default for it. */
export function given<K extends string>(
  name: K,
  value: number | undefined,
): { [P in K]?: number } | Record<never, never> {
  return value === undefined ? {} : { [name]: value };
}
