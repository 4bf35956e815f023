import { UnsupportedModelError } from '@tttv2/spec';
import { z } from 'zod';
import { notOneOf, positiveInt } from './config-values.ts';
import { readConfig } from './read-config.ts';

/** How matrices of a checkpoint are packed into two tensors each, as `quantization_config` says. */
export type Quantisation =
  /** `X` float8 and `X_scale_inv`: a scale for each block of rows and columns, or one for all where `block` is null. */
  | { method: 'fp8'; block: [rows: number, columns: number] | null }
  /** `X_blocks` and `X_scales`: numbers of 4 bits, of which 32 share an exponent. */
  | { method: 'mxfp4' };

const modules = z.array(z.string()).nullish();

/** What is not looked at: which modules are packed, the tensors say; activations stay as they are. */
const schemas = {
  fp8: z.object({
    quant_method: z.literal('fp8'),
    weight_block_size: z.tuple([positiveInt, positiveInt]).nullable().default([128, 128]),
    expert_dtype: z
      .string()
      .superRefine((found, context) => {
        if (found !== 'fp8') context.addIssue(notOneOf(found, ['fp8']));
      })
      .optional(),
    activation_scheme: z.string().optional(),
    dequantize: z.boolean().optional(),
    fmt: z.string().optional(),
    scale_fmt: z.string().nullish(),
    modules_to_not_convert: modules,
    modules_to_convert: modules,
    ignored_layers: modules,
  }),
  mxfp4: z.object({
    quant_method: z.literal('mxfp4'),
    dequantize: z.boolean().optional(),
    modules_to_not_convert: modules,
  }),
};

/** bitsandbytes did not write its name in the beginning. */
const bitsAndBytes = z
  .union([z.object({ load_in_4bit: z.boolean() }), z.object({ load_in_8bit: z.boolean() })])
  .transform(() => 'bitsandbytes');
const methodSchema = z.union([
  z.object({ quant_method: z.string() }).transform((one) => one.quant_method),
  bitsAndBytes,
]);

interface Where {
  modelType: string;
  file: string;
}

/**
 * Reads `quantization_config`; null where there is none. `parsed` holds the keys that are known, with defaults.
 * Source: `FineGrainedFP8Config` and `Mxfp4Config` in transformers' `quantization_config.py`.
 * @throws UnsupportedModelError that names the method when its tensors are not read.
 * @throws SpecError that names the key whose value is wrong.
 */
export function readQuantisation(
  found: unknown,
  { modelType, file }: Where,
): { quantisation: Quantisation; parsed: object } | null {
  if (found === undefined || found === null) return null;
  const method = methodSchema.safeParse(found).data;
  const config = { file, modelType, values: { ...Object(found) }, keyPrefix: 'quantization_config.' };
  if (method === 'fp8') {
    const parsed = readConfig(schemas.fp8, config);
    return { quantisation: { method, block: parsed.weight_block_size }, parsed };
  }
  if (method === 'mxfp4') return { quantisation: { method }, parsed: readConfig(schemas.mxfp4, config) };
  const by = method === undefined ? 'some method' : `"${method}"`;
  const message = `${file}: quantization_config: weights quantised by ${by} are not read, only those by fp8 and mxfp4: use the unquantised checkpoint, or a GGUF file`;
  throw new UnsupportedModelError({ modelType, keys: ['quantization_config'], message });
}
