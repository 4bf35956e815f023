export type { HubOptions, HubProgress, HubSettings } from './hub/hub-settings.node.ts';
export { hubSettings } from './hub/hub-settings.node.ts';
export { hubFiles } from './hub.node.ts';
export { localFiles } from './local-files.node.ts';
