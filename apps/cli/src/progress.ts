import { showBytes, showSeconds } from './units.ts';

const redrawMs = 100;
const clearLine = '\r\u001b[K';

/** How much of something has come, on one line of stderr; silent where stderr is not a terminal. */
export class Progress {
  readonly #label: string;
  readonly #start = performance.now();
  #drawn = 0;

  constructor(label: string) {
    this.#label = label;
  }

  update(bytes: number, totalBytes: number | null): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#drawn < redrawMs) return;
    this.#drawn = now;
    const line = progressLine(this.#label, { bytes, totalBytes, seconds: (now - this.#start) / 1000 });
    process.stderr.write(`${clearLine}${line.slice(0, (process.stderr.columns || 80) - 1)}`);
  }

  /** Leaves no trace. */
  end(): void {
    if (this.#drawn > 0) process.stderr.write(clearLine);
    this.#drawn = 0;
  }
}

interface Amount {
  bytes: number;
  /** null: nobody knows. */
  totalBytes: number | null;
  seconds: number;
}

export function progressLine(label: string, { bytes, totalBytes, seconds }: Amount): string {
  const rate = bytes / seconds;
  const speed = seconds > 0 ? [`${showBytes(Math.round(rate))}/s`] : [];
  if (totalBytes === null || totalBytes === 0) return [label, showBytes(bytes), ...speed].join('  ');
  const percent = `${Math.floor((100 * bytes) / totalBytes)} %`.padStart(5);
  const left = rate > 0 ? [`ETA ${showSeconds((totalBytes - bytes) / rate)}`] : [];
  return [label, percent, `${showBytes(bytes)} of ${showBytes(totalBytes)}`, ...speed, ...left].join('  ');
}
