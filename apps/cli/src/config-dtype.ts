import { z } from 'zod';

const dtype = z.enum(['float32', 'float16', 'bfloat16']);
export type ConfigDtype = z.infer<typeof dtype>;

/** `torch_dtype` is what `dtype` was called before transformers 5. Anything else that stands there says nothing to us. */
const keys = z.looseObject({
  dtype: dtype.optional().catch(undefined),
  torch_dtype: dtype.optional().catch(undefined),
});
const config = z.looseObject({ ...keys.shape, text_config: keys.optional().catch(undefined) });

/** How a `config.json` says that weights are stored, of several models in one those of the text; null where it does not. */
export function configDtype(found: unknown): ConfigDtype | null {
  const { data } = config.safeParse(found);
  const { text_config: text, ...whole } = data ?? {};
  return text?.dtype ?? text?.torch_dtype ?? whole.dtype ?? whole.torch_dtype ?? null;
}
