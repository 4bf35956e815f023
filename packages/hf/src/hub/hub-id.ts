/** `owner/name`, or `owner/name/file.gguf` for one of its GGUF files; `folder/file.gguf` is the name of a file instead. */
const hubId = /^(?<model>\w[\w.-]*\/\w[\w.-]*)(?:\/(?<only>.+\.gguf))?$/;
const fileEnding = /\.(gguf|json|safetensors)$/;

export interface HubId {
  /** `owner/name` */
  model: string;
  /** One GGUF file of it, when only that is meant. */
  only: string | undefined;
}

/** What a name means as a model of the hub; null when it cannot be one. */
export function parseHubId(name: string): HubId | null {
  const { model, only } = hubId.exec(name)?.groups ?? {};
  return model === undefined || fileEnding.test(model) ? null : { model, only };
}

/** True when a name can be that of a model of the hub. */
export function isHubId(name: string): boolean {
  return parseHubId(name) !== null;
}
