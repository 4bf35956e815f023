import { expect, test } from 'vitest';
import { strftime } from './strftime.ts';

test('fields as Python writes them', () => {
  const date = new Date(2024, 6, 4, 15, 5, 9);
  expect(strftime(date, '%d %b %Y')).toBe('04 Jul 2024');
  expect(strftime(date, '%A, %B %d, %y, %I:%M:%S %p (%H)')).toBe('Thursday, July 04, 24, 03:05:09 PM (15)');
  expect(strftime(date, '100%% %Q')).toBe('100% %Q');
  expect(strftime(new Date(2024, 0, 1), '%I %p %a')).toBe('12 AM Mon');
});
