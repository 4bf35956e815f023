import { showBytes, showSeconds } from './units.ts';

const redrawMs = 100;
const clearLine = '\r\u001b[K';

/** How much of something has come, on one line of stderr; silent where stderr is not a terminal. */
export class Progress {
  readonly #label: string;
  /** The first that was heard of: waiting before it is not slowness, and what was there then did not come since. */
  #first: { bytes: number; time: number } | null = null;
  #drawn = 0;

  constructor(label: string) {
    this.#label = label;
  }

  /** `totalBytes` is null where nobody knows. */
  update(bytes: number, totalBytes: number | null): void {
    const time = performance.now();
    this.#first ??= { bytes, time };
    if (!process.stderr.isTTY || time - this.#drawn < redrawMs) return;
    this.#drawn = time;
    const seconds = (time - this.#first.time) / 1000;
    const bytesPerSecond = seconds > 0 ? (bytes - this.#first.bytes) / seconds : 0;
    const line = progressLine(this.#label, { bytes, totalBytes, bytesPerSecond });
    process.stderr.write(`${clearLine}${line.slice(0, (process.stderr.columns || 80) - 1)}`);
  }

  /** Leaves no trace. */
  end(): void {
    if (this.#drawn > 0) process.stderr.write(clearLine);
    this.#drawn = 0;
    this.#first = null;
  }
}

interface Amount {
  bytes: number;
  totalBytes: number | null;
  bytesPerSecond: number;
}

export function progressLine(label: string, { bytes, totalBytes, bytesPerSecond }: Amount): string {
  const isMoving = bytesPerSecond > 0;
  const speed = isMoving ? [`${showBytes(Math.round(bytesPerSecond))}/s`] : [];
  if (!totalBytes) return [label, showBytes(bytes), ...speed].join('  ');
  const percent = `${Math.floor((100 * bytes) / totalBytes)} %`.padStart(5);
  const left = isMoving ? [`ETA ${showSeconds((totalBytes - bytes) / bytesPerSecond)}`] : [];
  return [label, percent, `${showBytes(bytes)} of ${showBytes(totalBytes)}`, ...speed, ...left].join('  ');
}
