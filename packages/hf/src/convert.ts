import { CheckpointError, type ModelSpec, UnsupportedModelError } from '@tttv2/spec';
import { z } from 'zod';
import type { ModelFamily } from './define-model.ts';
import { models } from './models/index.ts';
import { type Quantisation, readQuantisation } from './quantisation.ts';
import { type ConversionReport, unreadWithin } from './report.ts';
import { unknownFamily } from './unknown-family.ts';

export interface Conversion {
  spec: ModelSpec;
  family: ModelFamily;
  report: ConversionReport;
  /** How the weights are packed; null where each is a tensor, or as GGUF says. */
  quantisation: Quantisation | null;
}

const supported = models.flatMap(({ modelType, textModelType }) => [
  modelType,
  ...(textModelType === null ? [] : [textModelType]),
]);

const configSchema = z.record(z.string(), z.unknown());

/**
 * Makes a specification of the content of a `config.json`, as it stands on the hub or as transformers 5 writes it.
 * `file` is what messages call it.
 * @throws UnsupportedModelError when the family is unknown, the weights are quantised in a way that is not read, or a key asks for what no specification can say.
 * @throws SpecError that names the key whose value is wrong, or contradicts another.
 * @throws CheckpointError when it is not a configuration at all.
 */
export function convertConfig(config: unknown, file = 'config.json'): Conversion {
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) throw new CheckpointError({ file, message: 'is not an object of keys and values' });
  const { model_type: modelType, ...values } = parsed.data;
  if (typeof modelType !== 'string') throw withoutType(values.architectures, file);
  const family = models.find((model) => model.modelType === modelType || model.textModelType === modelType);
  if (family === undefined) throw unknownFamily({ file, key: 'model_type', found: modelType, supported });
  const { quantization_config: packing, ...others } = values;
  const read = readQuantisation(packing, { modelType, file });
  if (read === null) return { family, quantisation: null, ...family.convert({ file, modelType, values }) };
  const { spec, report } = family.convert({ file, modelType, values: others });
  report.understood.push('quantization_config');
  report.unknown.push(...unreadWithin('quantization_config', packing, read.parsed));
  return { family, quantisation: read.quantisation, spec, report };
}

function withoutType(architectures: unknown, file: string): UnsupportedModelError {
  const named = Array.isArray(architectures) ? `, only "architectures": ${JSON.stringify(architectures)}` : '';
  const message = `${file}: there is no "model_type"${named}: add the one of its family; supported are ${supported.join(', ')}`;
  return new UnsupportedModelError({ modelType: null, keys: ['model_type'], message });
}
