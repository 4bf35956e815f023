"""decoder: 1 layer, hidden 64, 4 heads of 32 (2 KV), vocabulary 64. What a lowered model looks like, but small."""

import ttnn

TILED = (ttnn.bfloat16, ttnn.TILE_LAYOUT)
PARAMETERS = {
    'embedding.weight': ((64, 64), ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT),
    'norm.weight': ((1, 1, 1, 64), *TILED),
    'qkv.weight': ((64, 256), *TILED),
    'o.weight': ((128, 64), *TILED),
    'gate.weight': ((64, 96), *TILED),
    'down.weight': ((96, 64), *TILED),
    'lmHead.weight': ((64, 64), *TILED),
}

INPUTS = {
    'prefill': {
        'tokens': (ttnn.uint32, ttnn.ROW_MAJOR_LAYOUT),  # [1, S]
        'cos': TILED,  # [1, 1, S, 32]
        'sin': TILED,
    },
    'decode': {
        'tokens': (ttnn.uint32, ttnn.ROW_MAJOR_LAYOUT),  # [1, U]
        'positions': (ttnn.int32, ttnn.ROW_MAJOR_LAYOUT),  # [U]
        'cos': TILED,  # [1, U, 1, 32]
        'sin': TILED,
    },
}

EXACT = ttnn.WormholeComputeKernelConfig(math_fidelity=ttnn.MathFidelity.HiFi4, fp32_dest_acc_en=True)


def make_caches(device, users, length):
    zeros = lambda: ttnn.zeros((users, 2, length, 32), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    return {'layers.0.mixer.cache': (zeros(), zeros())}


def mixer_prefill(w, at, x, caches, step):
    qkv = ttnn.linear(x, w['qkv.weight'], compute_kernel_config=EXACT)
    q, k, v = ttnn.experimental.nlp_create_qkv_heads(qkv, num_heads=4, num_kv_heads=2, transpose_k_heads=False)
    q = ttnn.experimental.rotary_embedding_hf(q, step.cos, step.sin, is_decode_mode=False)
    k = ttnn.experimental.rotary_embedding_hf(k, step.cos, step.sin, is_decode_mode=False)
    keys, values = caches[f'{at}.cache']
    ttnn.fill_cache(keys, k, step.user)
    ttnn.fill_cache(values, v, step.user)
    x = ttnn.transformer.scaled_dot_product_attention(q, k, v, is_causal=True, compute_kernel_config=EXACT)
    return ttnn.linear(ttnn.experimental.nlp_concat_heads(x), w['o.weight'], compute_kernel_config=EXACT)


def mixer_decode(w, at, x, caches, step):
    qkv = ttnn.linear(x, w['qkv.weight'], compute_kernel_config=EXACT, memory_config=ttnn.L1_MEMORY_CONFIG)
    heads = ttnn.experimental.nlp_create_qkv_heads_decode
    q, k, v = heads(qkv, num_heads=4, num_kv_heads=2, memory_config=ttnn.L1_HEIGHT_SHARDED_MEMORY_CONFIG)
    q = ttnn.experimental.rotary_embedding_hf(q, step.cos, step.sin, is_decode_mode=True)
    k = ttnn.experimental.rotary_embedding_hf(k, step.cos, step.sin, is_decode_mode=True)
    keys, values = caches[f'{at}.cache']
    ttnn.experimental.paged_update_cache(keys, k, update_idxs_tensor=step.positions)
    ttnn.experimental.paged_update_cache(values, v, update_idxs_tensor=step.positions)
    attention = ttnn.transformer.scaled_dot_product_attention_decode
    x = attention(q, keys, values, cur_pos_tensor=step.positions, compute_kernel_config=EXACT)
    x = ttnn.reshape(x, (1, 1, x.shape[1], 128))
    return ttnn.linear(x, w['o.weight'], compute_kernel_config=EXACT)


def ffn(w, at, x):
    x = ttnn.linear(x, w['gate.weight'], compute_kernel_config=EXACT)
    return ttnn.linear(ttnn.multiply(x, x, input_tensor_a_activations=[ttnn.UnaryOpType.SILU]), w['down.weight'])


def layer(w, at, x, mixer, caches, step):
    x = ttnn.add(x, mixer(w, f'{at}.mixer', ttnn.rms_norm(x, epsilon=1e-5, weight=w['norm.weight']), caches, step))
    return ttnn.add(x, ffn(w, f'{at}.ffn', ttnn.rms_norm(x, epsilon=1e-5, weight=w['norm.weight'])))


def embed(w, tokens):
    return ttnn.unsqueeze_to_4D(ttnn.embedding(tokens, w['embedding.weight'], layout=ttnn.TILE_LAYOUT))


def prefill(w, caches, step):
    x = layer(w, 'layers.0', embed(w, step.tokens), mixer_prefill, caches, step)
    return {'logits': ttnn.linear(x, w['lmHead.weight'])}


def decode(w, caches, step):
    users = step.positions.shape[0]
    cores = ttnn.num_cores_to_corerangeset(users, step.device.compute_with_storage_grid_size(), row_wise=True)
    shards = {'strategy': ttnn.ShardStrategy.HEIGHT, 'use_height_and_width_as_shard_shape': True}
    config = ttnn.create_sharded_memory_config((32, 32), core_grid=cores, **shards)
    step.cos, step.sin = ttnn.to_memory_config(step.cos, config), ttnn.to_memory_config(step.sin, config)
    x = layer(w, 'layers.0', embed(w, step.tokens), mixer_decode, caches, step)
    return {'logits': ttnn.linear(x, w['lmHead.weight'])}
