/** `preMixerNorm` as Python writes it: `pre_mixer_norm`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
