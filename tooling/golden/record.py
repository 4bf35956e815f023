"""Records what transformers computes with tiny models: README.md says how, and what lies in a fixture."""

import json
import logging
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, PreTrainedModel

HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / 'packages'
FIXTURES = PACKAGES / 'factory' / 'src' / 'fixtures'
sys.path.insert(0, str(PACKAGES / 'backend-tt' / 'host'))

from random_weights import random_weights  # noqa: E402

STD = 0.15
"""Of every tensor: at a hidden size of 64 activations stay near one, and attention is neither even nor sharp."""
PROMPT = [4 + (37 * i * i + 11 * i) % 240 for i in range(24)]
GENERATED = 6
LAST_ROWS = 8
"""Of what is too large to be kept whole: each saw all tokens before it."""
FIRST_NUMBERS = 4
MARGIN = 0.02
"""Of the greedy choices: rounding must not change the text."""

Weights = dict[str, dict[str, Any]]


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    for name in names:
        record(name, FIXTURES / name)


def record(name: str, target: Path) -> None:
    values = json.loads((HERE / 'configs' / f'{name}.json').read_text())
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder)
        seed, weights, tensors, margin = first_decided(values, checkpoint)
        refuse_idle(name, values, checkpoint, tensors['logits'])
        target.mkdir(parents=True, exist_ok=True)
        (target / 'config.json').write_text((checkpoint / 'config.json').read_text())
    (target / 'weights.json').write_text(as_text(seed, weights))
    save_file(tensors, target / 'golden.safetensors')
    size = sum(file.stat().st_size for file in target.iterdir())
    print(f'{name}: seed {seed}, margin {margin:.2f}, logits up to {tensors["logits"].abs().max():.1f}, {size} bytes')


def first_decided(values: dict, checkpoint: Path) -> tuple[int, Weights, dict[str, torch.Tensor], float]:
    """The first seed whose model is never of two minds, and what it computes."""
    for seed in range(100):
        weights = write_checkpoint(values, checkpoint, seed)
        tensors = compute(load(values, checkpoint))
        chosen_from = torch.cat([tensors['logits'][-1:], tensors['decode_logits'][:-1]])
        best, second = chosen_from.topk(2).values.unbind(-1)
        margin = float((best - second).min())
        if margin > MARGIN:
            numbers = load_file(checkpoint / 'model.safetensors')
            tensors['first_numbers'] = torch.cat([numbers[name].flatten()[:FIRST_NUMBERS] for name in weights])
            return seed, weights, tensors, margin
    raise ValueError('no seed decides: are the logits all alike?')


def write_checkpoint(values: dict, checkpoint: Path, seed: int) -> Weights:
    """A checkpoint as transformers writes it, whose tensors are then made again by the generator, each from its name."""
    config = config_of(values)
    model_class(config).from_config(config, dtype=torch.float32).save_pretrained(checkpoint)
    path = checkpoint / 'model.safetensors'
    initial = load_file(path)
    weights = {name: {'shape': [*of.shape], 'mean': mean_of(of), 'std': STD} for name, of in sorted(initial.items())}
    save_file({name: generate(seed, name, **how) for name, how in weights.items()}, path, {'format': 'pt'})
    return weights


def mean_of(initial: torch.Tensor) -> float:
    """What the model starts from where that is a constant: one for most norms, zero for biases and gemma's norms."""
    first = initial.flatten()[0]
    return float(first) if initial.numel() > 1 and bool((initial == first).all()) else 0.0


def generate(seed: int, name: str, shape: list[int], mean: float, std: float) -> torch.Tensor:
    count = torch.Size(shape).numel()
    return torch.from_numpy(random_weights(seed, name, mean, std, count)).reshape(shape)


def config_of(values: dict) -> transformers.PretrainedConfig:
    return AutoConfig.for_model(**json.loads(json.dumps(values)))


def model_class(config: transformers.PretrainedConfig) -> type:
    is_text = type(config) in transformers.MODEL_FOR_CAUSAL_LM_MAPPING
    return AutoModelForCausalLM if is_text else AutoModelForImageTextToText


def load(values: dict, checkpoint: Path) -> PreTrainedModel:
    config = config_of(values)
    model, found = model_class(config).from_pretrained(
        checkpoint, config=config, dtype=torch.float32, attn_implementation='eager', output_loading_info=True
    )
    wrong = {what: names for what, names in found.items() if names}
    if wrong:
        raise ValueError(f'the checkpoint does not fit: {wrong}')
    return model.eval()


@torch.no_grad()
def compute(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    ids = torch.tensor([PROMPT])
    output = model(ids, output_hidden_states=True)
    model.generation_config.eos_token_id = None
    # The last token is there for the logits that follow the one before.
    decoded = model.generate(
        ids, max_new_tokens=GENERATED + 1, do_sample=False, return_dict_in_generate=True, output_logits=True
    )
    hidden = {f'hidden_states.{i}': rows[0, -LAST_ROWS:].clone() for i, rows in enumerate(output.hidden_states)}
    return {
        'input_ids': ids[0].int(),
        'logits': output.logits[0],
        **hidden,
        'generated_ids': decoded.sequences[0, len(PROMPT) : -1].int(),
        'decode_logits': torch.cat(decoded.logits)[1:].clone(),
        **(compute_in_space(model, ids) if has_axes(model.config) else {}),
    }


def has_axes(config: transformers.PretrainedConfig) -> bool:
    """Positions are of time, height and width."""
    return 'mrope_section' in (getattr(config.get_text_config(), 'rope_parameters', None) or {})


def compute_in_space(model: PreTrainedModel, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """The same tokens where an image would be: text, then a grid of 3 rows and 4 columns from the 7th on, then text."""
    rows, columns, before = 3, 4, 6
    after = before + rows * columns
    positions = torch.arange(len(PROMPT)).repeat(3, 1)
    positions[0, before:after] = before
    positions[1, before:after] = before + torch.arange(rows).repeat_interleave(columns)
    positions[2, before:after] = before + torch.arange(columns).repeat(rows)
    positions[:, after:] = before + max(rows, columns) + torch.arange(len(PROMPT) - after)
    logits = model(ids, position_ids=positions[:, None]).logits[0]
    return {'mrope.position_ids': positions.int(), 'mrope.logits': logits[-LAST_ROWS:].clone()}


def refuse_idle(name: str, values: dict, checkpoint: Path, logits: torch.Tensor) -> None:
    """Every key of a config is there for something: without it the weights no longer fit, or the logits are others."""
    idle = [key for key in values if key != 'model_type' and is_idle(key, values, checkpoint, logits)]
    if idle:
        raise ValueError(f'{name}: these keys change nothing; leave them out, or choose values that do: {idle}')


@torch.no_grad()
def is_idle(key: str, values: dict, checkpoint: Path, logits: torch.Tensor) -> bool:
    without = {other: value for other, value in values.items() if other != key}
    try:
        if shapes(without) != shapes(values):
            return False
        moved = load(without, checkpoint)(torch.tensor([PROMPT])).logits[0] - logits
    except Exception:
        return False  # Whatever was raised: without the key there is no such model.
    return float(moved.abs().max()) < 1e-2


def shapes(values: dict) -> dict[str, torch.Size]:
    config = config_of(values)
    with torch.device('meta'):
        return {name: of.shape for name, of in model_class(config).from_config(config).named_parameters()}


def as_text(seed: int, weights: Weights) -> str:
    """JSON, a line for each tensor."""
    lines = ',\n'.join(f'    {json.dumps(name)}: {json.dumps(how)}' for name, how in weights.items())
    return f'{{\n  "seed": {seed},\n  "tensors": {{\n{lines}\n  }}\n}}\n'


if __name__ == '__main__':
    main(sys.argv[1:] or sorted(path.stem for path in (HERE / 'configs').glob('*.json')))
