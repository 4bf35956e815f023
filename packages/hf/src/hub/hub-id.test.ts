import { expect, test } from 'vitest';
import { isHubId, parseHubId } from './hub-id.ts';

test('owner and name, and perhaps one file', () => {
  expect(parseHubId('org/model-1.5')).toEqual({ model: 'org/model-1.5', only: undefined });
  expect(parseHubId('org/model/sub/file.gguf')).toEqual({ model: 'org/model', only: 'sub/file.gguf' });
});

test.each(['model', './org/model', '../model', '/org/model', 'folder/file.gguf', 'folder/config.json', 'a/b/c', ''])(
  '"%s" is no id of the hub',
  (name) => expect(isHubId(name)).toBe(false),
);
