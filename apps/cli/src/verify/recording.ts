/** What was computed for the tokens of a prompt, and where in the model. */
export interface Recording {
  ids: readonly number[];
  /** In the order in which they are computed. */
  outputs: readonly RecordedOutput[];
}

export interface RecordedOutput {
  /** A scope of the model's graph, or `logits`. */
  scope: string;
  /** What is computed after the output before this one, up to this: a fault seen here lies in one of them. */
  within: readonly string[];
  /** Rows of the prompt's last tokens, `[rows, width]`. */
  data: Float32Array;
}
