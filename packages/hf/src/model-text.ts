import { type ChatTemplate, loadChatTemplate } from './chat-template.ts';
import type { GgufMetadata } from './checkpoint/gguf-metadata.ts';
import type { ModelFiles } from './files.ts';
import { type GenerationConfig, loadGenerationConfig } from './generation-config.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';
import { parseTokenizerConfig, type TokenizerConfig } from './tokenizer/tokenizer-config.ts';
import { tokenizerFromGguf } from './tokenizer/tokenizer-gguf.ts';
import { tokenizerFromJson } from './tokenizer/tokenizer-json.ts';

/** How a model reads and writes text. */
export interface ModelText {
  /** Null when the model's files hold none. */
  readonly tokenizer: Tokenizer | null;
  /** Null when the model's files hold none. */
  readonly chatTemplate: ChatTemplate | null;
  readonly generation: GenerationConfig;
}

/**
 * What lies beside a model's weights about text. Files of their own (`tokenizer.json`, `chat_template.jinja`, …) come before
 * what a GGUF file carries, so that a GGUF whose tokenizer is not supported works with the original's `tokenizer.json`.
 * @throws CheckpointError for a file that is corrupt. @throws UnsupportedModelError for a GGUF's tokenizer of another kind.
 */
export async function openModelText(files: ModelFiles, gguf: GgufMetadata | null): Promise<ModelText> {
  const names = new Set(await files.list());
  const read = (path: string) => (names.has(path) ? files.readText(path) : undefined);
  const [tokenizerJson, tokenizerConfigText, jinja, generationConfig, config] = await Promise.all([
    read('tokenizer.json'),
    read('tokenizer_config.json'),
    read('chat_template.jinja'),
    read('generation_config.json'),
    read('config.json'),
  ]);
  const tokenizerConfig: TokenizerConfig =
    tokenizerConfigText === undefined ? {} : parseTokenizerConfig(tokenizerConfigText, 'tokenizer_config.json');
  const tokenizer = openTokenizer(tokenizerJson, tokenizerConfig, gguf);
  return {
    tokenizer,
    chatTemplate: loadChatTemplate({ jinja, tokenizerConfig, gguf }),
    generation: loadGenerationConfig({ generationConfig, config, tokenizer, gguf }),
  };
}

function openTokenizer(json: string | undefined, config: TokenizerConfig, gguf: GgufMetadata | null): Tokenizer | null {
  if (json !== undefined) return tokenizerFromJson(json, config);
  return gguf?.has('tokenizer.ggml.model') ? tokenizerFromGguf(gguf) : null;
}
