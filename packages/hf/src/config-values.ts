import { z } from 'zod';

/** Values that configurations of many families hold. */
export const positiveInt = z.number().int().positive();
export const positive = z.number().positive();
/** No model has more layers; a number without bound would be a list without end. */
export const layerCount = positiveInt.max(4096);

/**
 * A name that stands for one of `values`. Another name is a feature that nobody here implements, rather than a mistake:
 * `readConfig` makes an UnsupportedModelError of it.
 */
export function oneOf<T>(values: Readonly<Record<string, T>>) {
  return z.string().transform((name, context): T => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    context.addIssue(notOneOf(name, Object.keys(values)));
    return z.NEVER;
  });
}

/** A key that may be missing, null or the one value that asks for nothing special: nobody here implements another. */
export function only(value: boolean | number | string | null) {
  return z
    .unknown()
    .superRefine((found, context) => {
      if (found !== undefined && found !== null && found !== value) context.addIssue(notOneOf(found, [`${value}`]));
    })
    .optional();
}

export function notOneOf(found: unknown, known: readonly string[]) {
  const message = `${JSON.stringify(found)} is not supported; there are ${known.join(', ')}`;
  return { code: 'custom' as const, message, params: { unsupported: true } };
}

export function isUnsupported(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.unsupported === true;
}
