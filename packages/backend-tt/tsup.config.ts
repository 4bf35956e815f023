export { default } from '@tttv2/tooling/tsup';
