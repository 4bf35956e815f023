/** Functions that a module brings where it calls them. */
const helpers: Readonly<Record<string, string>> = {
  user_shards: `def user_shards(step, width):
    """Rows of each user on a core of its own: how ttnn's decode ops want heads."""
    grid = step.device.compute_with_storage_grid_size()
    cores = ttnn.num_cores_to_corerangeset(step.cache_index.shape[0], grid, row_wise=True)
    return ttnn.create_sharded_memory_config(
        (32, width), core_grid=cores, strategy=ttnn.ShardStrategy.HEIGHT, use_height_and_width_as_shard_shape=True
    )`,
  gelu_tanh: `def gelu_tanh(x):
    """x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 x³))): arXiv:1606.08415."""
    cube = ttnn.multiply(ttnn.multiply(x, x), x)
    inner = ttnn.multiply(ttnn.add(x, ttnn.multiply(cube, 0.044715)), 0.7978845608028654)
    return ttnn.multiply(ttnn.multiply(x, 0.5), ttnn.add(ttnn.tanh(inner), 1.0))`,
};

export const helperNames: readonly string[] = Object.keys(helpers);

/** The helpers that a text calls. */
export function helpersIn(text: string): string[] {
  return Object.entries(helpers)
    .filter(([name]) => text.includes(`${name}(`))
    .map(([, helper]) => helper);
}
