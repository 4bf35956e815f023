import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { downloading, type ModelProgress, placing } from './model-progress.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

const remaining = ({ mock: { calls } }: { mock: { calls: [ModelProgress][] } }) =>
  calls.map(([{ remainingMs }]) => remainingMs);

test('the rest takes as long as the speed so far says', () => {
  const told = vi.fn<(progress: ModelProgress) => void>();
  const tell = placing(told);
  const totalBytes = 1000;
  for (const loadedBytes of [200, 200, 400, 600, 1000]) {
    tell({ loadedBytes, totalBytes });
    vi.advanceTimersByTime(100);
  }
  // 200 bytes were there at the beginning; 200 came in 200 ms, 400 in 300 ms.
  expect(remaining(told)).toEqual([null, null, 600, 300, 0]);
  expect(told).toHaveBeenCalledWith({ stage: 'place', loadedBytes: 400, totalBytes, remainingMs: 600 });
});

test('files that are downloaded are one', () => {
  const told = vi.fn<(progress: ModelProgress) => void>();
  const tell = downloading(told);
  tell({ file: 'a', bytes: 10, totalBytes: 100 });
  vi.advanceTimersByTime(10);
  tell({ file: 'b', bytes: 20, totalBytes: 50 });
  tell({ file: 'a', bytes: 100, totalBytes: 100 });
  tell({ file: 'b', bytes: 50, totalBytes: 50 });
  expect(told.mock.calls.map(([{ loadedBytes, totalBytes }]) => [loadedBytes, totalBytes])).toEqual([
    [10, 100],
    [30, 150],
    [120, 150],
    [150, 150],
  ]);
  expect(remaining(told)).toEqual([null, 60, expect.closeTo((30 / 110) * 10), 0]);
});
