"""Records what transformers makes of quantised weights: README.md says where it lies."""

import json
import shutil
from pathlib import Path

import torch
from record import PACKAGES, compute, config_of, generate, load, mean_of, model_class
from safetensors.torch import load_file, save_file
from transformers.integrations.finegrained_fp8 import _dequantize_fp8_weight
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

FP8 = {
    'model_type': 'qwen3',
    'vocab_size': 256,
    'hidden_size': 32,
    'intermediate_size': 40,
    'num_hidden_layers': 2,
    'num_attention_heads': 4,
    'num_key_value_heads': 2,
    'head_dim': 16,
    'tie_word_embeddings': True,
}
BLOCK = [16, 16]
"""Rows of 40 end within a block."""
LEFT_ALONE = 'model.layers.0.self_attn.o_proj'
STD = 0.15
LARGEST = torch.finfo(torch.float8_e4m3fn).max


def record_fp8(target: Path) -> None:
    """A checkpoint of float8 in blocks, and what a model computes with the numbers that transformers makes of them."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    model_class(config_of(FP8)).from_config(config_of(FP8), dtype=torch.float32).save_pretrained(target)
    initial = load_file(target / 'model.safetensors')
    weights = {name: generate(1, name, [*of.shape], mean_of(of), STD) for name, of in sorted(initial.items())}
    packed, numbers = {}, {}
    for name, weight in weights.items():
        if not name.endswith('_proj.weight') or name.startswith(LEFT_ALONE):
            packed[name] = weight.bfloat16()
            numbers[name] = packed[name].float()
            continue
        packed[name], scales = quantise(weight)
        packed[f'{name}_scale_inv'] = scales
        numbers[name] = _dequantize_fp8_weight(packed[name], scales, BLOCK, torch.float32)
    save_file(numbers, target / 'model.safetensors', {'format': 'pt'})
    recorded = compute(load(FP8, target))
    save_file({name: recorded[name] for name in ('input_ids', 'logits')}, target / 'golden.safetensors')
    save_file(packed, target / 'model.safetensors', {'format': 'pt'})
    config = json.loads((target / 'config.json').read_text())
    config['quantization_config'] = {
        'activation_scheme': 'dynamic',
        'fmt': 'e4m3',
        'modules_to_not_convert': ['lm_head', LEFT_ALONE],
        'quant_method': 'fp8',
        'weight_block_size': BLOCK,
    }
    (target / 'config.json').write_text(f'{json.dumps(config, indent=2)}\n')
    (target / 'generation_config.json').unlink(missing_ok=True)


def quantise(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A scale for each block, with which its largest number becomes the largest of float8."""
    rows, columns = weight.shape
    scales = torch.stack(
        [
            torch.stack([part.abs().max() / LARGEST for part in line.split(BLOCK[1], 1)])
            for line in weight.split(BLOCK[0], 0)
        ]
    )
    each = scales.repeat_interleave(BLOCK[0], 0)[:rows].repeat_interleave(BLOCK[1], 1)[:, :columns]
    return (weight / each).to(torch.float8_e4m3fn), scales


def record_mxfp4(target: Path) -> None:
    """Codes [1, 3, 2, 16] and exponents [1, 3, 2] of a matrix, and its numbers [1, 3, 64]."""
    torch.manual_seed(1)
    blocks = torch.randint(0, 256, (1, 3, 2, 16), dtype=torch.uint8)
    scales = torch.randint(117, 134, (1, 3, 2), dtype=torch.uint8)
    numbers = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32).transpose(1, 2)
    tensors = {'blocks': blocks, 'scales': scales, 'numbers': numbers}
    lines = [f'  "{name}": {json.dumps(of.flatten().tolist())}' for name, of in tensors.items()]
    target.write_text('{\n' + ',\n'.join(lines) + '\n}\n')


if __name__ == '__main__':
    record_fp8(PACKAGES / 'factory' / 'src' / 'testing' / 'fixtures' / 'qwen3_fp8')
    record_mxfp4(PACKAGES / 'graph' / 'src' / 'fixtures' / 'mxfp4.json')
