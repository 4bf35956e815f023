export { localFiles } from './local-files.node.ts';
