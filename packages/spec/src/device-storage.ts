import { z } from 'zod';
import { dtypeSchema } from './dtype.ts';

import { positiveInt } from './numbers.ts';
import { kvCacheDtypeSchema, weightDtypeSchema } from './storage-dtypes.ts';

/** Another layout of matrices, which only products can read. */
const productLayoutSchema = z.strictObject({
  /** The type of matrices that have it. */
  dtype: dtypeSchema,
  /** Experts `[E, out, in]`, or plain matrices `[out, in]`. */
  of: z.enum(['matrices', 'experts']),
  /** Multiples of so many rows, and of so many columns, have it, where no later one is for them. */
  rows: positiveInt,
  columns: positiveInt,
  /** So many rows of so many columns take so many bytes. */
  bytes: positiveInt,
});
export type ProductLayout = z.infer<typeof productLayoutSchema>;

/** How a device holds a model: what a memory plan has to know of it. Left out, a field is that of a device which holds all in 16 bits. */
export const deviceStorageSchema = z.strictObject({
  /** The types that it has for matrices, widest first. */
  weightDtypes: z.array(weightDtypeSchema).default(['bfloat16']),
  /** How matrices are held when nothing is said; null: as the checkpoint has them. */
  weightDtype: weightDtypeSchema.nullable().default('bfloat16'),
  /** Norms, biases, and whatever else is no matrix. */
  vectorDtype: dtypeSchema.default('bfloat16'),
  /** Tables whose rows are looked up; null: as matrices, and the same serves for both. Else one that is multiplied by as well is held twice. */
  tableDtype: dtypeSchema.nullable().default(null),
  /** The types that it has for KV caches, widest first. */
  kvCacheDtypes: z.array(kvCacheDtypeSchema).default(['bfloat16']),
  /** How KV caches are held when nothing is said: where all matrices are float32, and else. */
  kvCacheDtype: z
    .strictObject({ exact: kvCacheDtypeSchema, fast: kvCacheDtypeSchema })
    .default({ exact: 'bfloat16', fast: 'bfloat16' }),
  /** What is computed between one op and the next. */
  valueDtype: dtypeSchema.default('bfloat16'),
  /** Says to each token of a step which cached ones it sees; null: there is no such table. */
  maskDtype: dtypeSchema.nullable().default(null),
  /** The last two dimensions of what is no vector are filled up to multiples of this. */
  tile: positiveInt.default(1),
  /** Tokens in a cache are filled up to a multiple of this. */
  cacheTile: positiveInt.default(1),
  /** Layouts that matrices are held in where products alone read them; those that are tables too are held in both. */
  productLayouts: z.array(productLayoutSchema).default([]),
  /** How often the recurrent states of a sequence are held. */
  recurrentCopies: positiveInt.default(1),
  /** The most tokens that a step computes; null: all of a prompt, filled up to a power of two. */
  tokensPerStep: positiveInt.nullable().default(null),
  /** The most sequences at a time; null: as many as fit. */
  maxSequences: positiveInt.nullable().default(null),
  /** Weights that lie in a file as they are held may stay there: the system reads them when they are needed. */
  mapsFiles: z.boolean().default(false),
  /** Of each of its devices, what is not for models: programs, buffers, what cannot be used for being in pieces. */
  reservedBytes: z.number().int().nonnegative().default(0),
});
export type DeviceStorage = z.infer<typeof deviceStorageSchema>;

/** A way of holding models, with its defaults filled in. */
export function deviceStorage(options: z.input<typeof deviceStorageSchema> = {}): DeviceStorage {
  return deviceStorageSchema.parse(options);
}
