import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheFolder } from './cache-folder.ts';

test('TTTV2_CACHE comes first, then what the system has', () => {
  const all = { TTTV2_CACHE: 'mine', XDG_CACHE_HOME: 'xdg', LOCALAPPDATA: 'local' };
  expect(cacheFolder(all, 'linux')).toBe('mine');
  expect(cacheFolder({ ...all, TTTV2_CACHE: '' }, 'linux')).toBe(join('xdg', 'tttv2'));
  expect(cacheFolder({ ...all, TTTV2_CACHE: '' }, 'win32')).toBe(join('local', 'tttv2', 'Cache'));
  expect(cacheFolder({}, 'darwin')).toBe(join(homedir(), '.cache', 'tttv2'));
});
