/** What was found of one thing that running models takes. */
export interface Finding {
  about: string;
  /** `absent`: not there, which is no fault: not everybody has it. */
  state: 'good' | 'poor' | 'bad' | 'absent';
  found: string;
  /** What to do; null when there is nothing to be done. */
  advice: string | null;
}
