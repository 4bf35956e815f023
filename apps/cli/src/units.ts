/** Bytes for people: `98.4 MB`, in powers of 1000. */
export function showBytes(bytes: number): string {
  return scaled(bytes, [' B', ' kB', ' MB', ' GB', ' TB']);
}

/** A count for people, in the units of model sizes: `134.5 M`, `8.0 B` for billions. */
export function showCount(count: number): string {
  return scaled(count, ['', ' k', ' M', ' B', ' T']);
}

/** Seconds as a clock shows them: `1:05`, `1:02:03`. */
export function showSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function scaled(amount: number, units: readonly string[]): string {
  const power = amount < 1000 ? 0 : Math.min(Math.floor(Math.log10(amount) / 3), units.length - 1);
  const shown = amount / 1000 ** power;
  return `${power === 0 ? shown : shown.toFixed(1)}${units[power]}`;
}
