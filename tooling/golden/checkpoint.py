"""Writes the checkpoint that a fixture was recorded with, and the recording beside it: a MODEL for `tttv2 verify`."""

import json
import shutil
import sys
from pathlib import Path

from record import FIXTURES, generate
from safetensors.torch import save_file


def main(name: str, folder: Path) -> None:
    fixture = FIXTURES / name
    recipe = json.loads((fixture / 'weights.json').read_text())
    folder.mkdir(parents=True, exist_ok=True)
    for file in ('config.json', 'golden.safetensors'):
        shutil.copy(fixture / file, folder)
    tensors = {tensor: generate(recipe['seed'], tensor, **how) for tensor, how in recipe['tensors'].items()}
    save_file(tensors, folder / 'model.safetensors', {'format': 'pt'})


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit('usage: checkpoint.py NAME FOLDER')
    main(sys.argv[1], Path(sys.argv[2]))
