/** The canonical name of a parameter in another layer than the one that it is named after. */
export function inLayer(name: string, layer: number): string {
  return name.replace(/^layers\.\d+/, `layers.${layer}`);
}
