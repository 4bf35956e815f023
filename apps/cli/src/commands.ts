import type { Command } from './command.ts';

/** A command is loaded when it is asked for: the help of all must not wait for the code of any. */
interface Entry {
  summary: string;
  load(): Promise<Command>;
}

export const commands: Readonly<Record<string, Entry>> = {
  pull: {
    summary: 'fetches a model into the cache',
    load: async () => (await import('./commands/pull.ts')).pull,
  },
  run: {
    summary: 'generates text from a prompt',
    load: async () => (await import('./commands/run.ts')).run,
  },
  chat: {
    summary: 'talks with a model',
    load: async () => (await import('./commands/chat.ts')).chat,
  },
  logits: {
    summary: 'writes the logits of given tokens to a file',
    load: async () => (await import('./commands/logits.ts')).logits,
  },
  eval: {
    summary: 'measures how well a model predicts a text',
    load: async () => (await import('./commands/eval.ts')).evaluate,
  },
  verify: {
    summary: 'compares what a model computes with a reference, layer by layer',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  inspect: {
    summary: 'draws a model: its layers, parameters and bytes',
    load: async () => (await import('./commands/inspect.ts')).inspect,
  },
  convert: {
    summary: 'prints the specification of a config.json',
    load: async () => (await import('./commands/convert.ts')).convert,
  },
  diff: {
    summary: 'compares what two models are, field by field',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  graph: {
    summary: 'prints the graph that a model is computed by',
    load: async () => (await import('./commands/graph.ts')).graph,
  },
  emit: {
    summary: 'writes a model as a Python module of ttnn calls',
    load: async () => (await import('./commands/emit.ts')).emit,
  },
  plan: {
    summary: 'says whether a model fits on a device',
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  devices: {
    summary: 'lists the devices that models run on',
    load: async () => (await import('./commands/devices.ts')).devices,
  },
  doctor: {
    summary: 'looks at what running models takes on this machine',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
};
