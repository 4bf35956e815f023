const name = (date: Date, part: Intl.DateTimeFormatOptions): string => date.toLocaleString('en-US', part);
const two = (number: number): string => String(number).padStart(2, '0');

const fields = new Map<string, (date: Date) => string>([
  ['%Y', (date) => String(date.getFullYear())],
  ['%y', (date) => two(date.getFullYear() % 100)],
  ['%m', (date) => two(date.getMonth() + 1)],
  ['%d', (date) => two(date.getDate())],
  ['%H', (date) => two(date.getHours())],
  ['%I', (date) => two(date.getHours() % 12 || 12)],
  ['%M', (date) => two(date.getMinutes())],
  ['%S', (date) => two(date.getSeconds())],
  ['%p', (date) => (date.getHours() < 12 ? 'AM' : 'PM')],
  ['%B', (date) => name(date, { month: 'long' })],
  ['%b', (date) => name(date, { month: 'short' })],
  ['%A', (date) => name(date, { weekday: 'long' })],
  ['%a', (date) => name(date, { weekday: 'short' })],
  ['%%', () => '%'],
]);

/** A date by a format of C, in local time and, as Python writes it, in English; fields that are not known stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%./g, (field) => fields.get(field)?.(date) ?? field);
}
