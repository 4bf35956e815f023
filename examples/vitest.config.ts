export { default } from '@tttv2/tooling/vitest';
