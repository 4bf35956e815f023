import { CheckpointError, type ModelSpec, UnsupportedModelError } from '@tttv2/spec';
import { z } from 'zod';
import type { ModelFamily } from './define-model.ts';
import { models } from './models/index.ts';
import type { ConversionReport } from './report.ts';
import { unknownFamily } from './unknown-family.ts';

export interface Conversion {
  spec: ModelSpec;
  family: ModelFamily;
  report: ConversionReport;
}

const supported = models.map((model) => model.modelType);

const configSchema = z.record(z.string(), z.unknown());

/**
 * Makes a specification of the content of a `config.json`, as it stands on the hub or as transformers 5 writes it.
 * `file` is what messages call it.
 * @throws UnsupportedModelError when the family is unknown, or a key asks for what no specification can say.
 * @throws SpecError that names the key whose value is wrong, or contradicts another.
 * @throws CheckpointError when it is not a configuration at all.
 */
export function convertConfig(config: unknown, file = 'config.json'): Conversion {
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) throw new CheckpointError({ file, message: 'is not an object of keys and values' });
  const { model_type: modelType, ...values } = parsed.data;
  if (typeof modelType !== 'string') throw withoutType(values.architectures, file);
  const family = models.find((model) => model.modelType === modelType);
  if (family === undefined) throw unknownFamily({ file, key: 'model_type', found: modelType, supported });
  refuseQuantised(values.quantization_config, modelType, file);
  return { family, ...family.convert({ file, modelType, values }) };
}

function withoutType(architectures: unknown, file: string): UnsupportedModelError {
  const named = Array.isArray(architectures) ? `, only "architectures": ${JSON.stringify(architectures)}` : '';
  const message = `${file}: there is no "model_type"${named}: add the one of its family; supported are ${supported.join(', ')}`;
  return new UnsupportedModelError({ modelType: null, keys: ['model_type'], message });
}

const quantisationSchema = z.object({ quant_method: z.string() });

/** The weights of such a checkpoint are packed in a way of their own; GGUF carries its quantisation in its tensor types. */
function refuseQuantised(quantisation: unknown, modelType: string, file: string): void {
  if (quantisation === undefined || quantisation === null) return;
  const parsed = quantisationSchema.safeParse(quantisation);
  const method = parsed.success ? ` "${parsed.data.quant_method}"` : '';
  const message = `${file}: quantization_config: weights quantised by${method || ' some method'} are not read: use the unquantised checkpoint, or a GGUF file`;
  throw new UnsupportedModelError({ modelType, keys: ['quantization_config'], message });
}
