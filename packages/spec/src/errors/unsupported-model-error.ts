import { hasCode, TttError } from './ttt-error.ts';

const code = 'TTT_UNSUPPORTED_MODEL';

/** A model that cannot be expressed: its family is unknown, or its configuration asks for what no field can say. */
export class UnsupportedModelError extends TttError {
  readonly code = code;
  override readonly name = 'UnsupportedModelError';
  /** The `model_type` (Hugging Face) or architecture (GGUF) that was found; null when there was none. */
  readonly modelType: string | null;
  /** Configuration keys that nobody understood. */
  readonly keys: readonly string[];
  /** The supported family with the most similar name, or null. */
  readonly nearest: string | null;

  constructor(facts: { modelType: string | null; message: string; keys?: readonly string[]; nearest?: string | null }) {
    super(facts.message);
    this.modelType = facts.modelType;
    this.keys = facts.keys ?? [];
    this.nearest = facts.nearest ?? null;
  }

  static override isInstance(error: unknown): error is UnsupportedModelError {
    return hasCode(error, code);
  }
}
