import { z } from 'zod';
import { parseJson } from '../parse-json.ts';

/** A special token: its text, alone or with how it is to be cut out. */
const token = z
  .union([z.string(), z.looseObject({ content: z.string() })], 'must be a text or { "content": text }')
  .nullish();

const chatTemplates = z.array(z.looseObject({ name: z.string(), template: z.string() }));

const schema = z.looseObject({
  bos_token: token,
  eos_token: token,
  unk_token: token,
  sep_token: token,
  pad_token: token,
  cls_token: token,
  mask_token: token,
  chat_template: z.union([z.string(), chatTemplates], 'must be a text or a list of { "name", "template" }').nullish(),
});

/** The content of a `tokenizer_config.json`; keys that are not read here stay as they are. */
export type TokenizerConfig = z.infer<typeof schema>;

/** @throws CheckpointError that names the file and the field. */
export function parseTokenizerConfig(text: string, file: string): TokenizerConfig {
  return parseJson(text, schema, file);
}

const tokenNames = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;

/** Texts of the special tokens that the file names. */
export function specialTokenTexts(config: TokenizerConfig): Partial<Record<(typeof tokenNames)[number], string>> {
  return Object.fromEntries(
    tokenNames.flatMap((name) => {
      const found = config[name];
      if (found === undefined || found === null) return [];
      return [[name, typeof found === 'string' ? found : found.content]];
    }),
  );
}
