import { showBytes, showSeconds } from './units.ts';

const redrawMs = 100;
const clearLine = '\r\u001b[K';

/** How much of something has come, on one line of stderr; silent where stderr is not a terminal. */
export class Progress {
  readonly #label: string;
  readonly #show: (amount: number) => string;
  /** The first that was heard of: waiting before it is not slowness, and what was there then did not come since. */
  #first: { amount: number; time: number } | null = null;
  #drawn = 0;

  /** `show` writes an amount with its unit. */
  constructor(label: string, show: (amount: number) => string = showBytes) {
    this.#label = label;
    this.#show = show;
  }

  /** `total` is null where nobody knows. */
  update(amount: number, total: number | null): void {
    const time = performance.now();
    this.#first ??= { amount, time };
    if (!process.stderr.isTTY || time - this.#drawn < redrawMs) return;
    this.#drawn = time;
    const seconds = (time - this.#first.time) / 1000;
    const perSecond = seconds > 0 ? (amount - this.#first.amount) / seconds : 0;
    const line = progressLine(this.#label, { amount, total, perSecond }, this.#show);
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
  amount: number;
  total: number | null;
  perSecond: number;
}

export function progressLine(label: string, { amount, total, perSecond }: Amount, show = showBytes): string {
  const isMoving = perSecond > 0;
  const speed = isMoving ? [`${show(Math.round(perSecond))}/s`] : [];
  if (!total) return [label, show(amount), ...speed].join('  ');
  const percent = `${Math.floor((100 * amount) / total)} %`.padStart(5);
  const left = isMoving ? [`ETA ${showSeconds((total - amount) / perSecond)}`] : [];
  return [label, percent, `${show(amount)} of ${show(total)}`, ...speed, ...left].join('  ');
}
