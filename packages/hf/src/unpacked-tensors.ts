import { dtypeOf, type StoredView, scalesShape, shapeOf, type WeightExpr } from '@tttv2/graph';
import { CheckpointError, type Dtype } from '@tttv2/spec';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { Quantisation } from './quantisation.ts';

type Tensors = ReadonlyMap<string, WeightExpr>;

/**
 * The tensors of a checkpoint by name, where two were packed from one put together under the name of the first: `X` of
 * fp8 as float32, `X_blocks` of mxfp4 as blocks of a matrix `[…, out, in]`.
 * @throws CheckpointError when the scales of a tensor are missing, or do not fit it.
 */
export function unpackedTensors({ tensors }: Checkpoint, quantisation: Quantisation | null): Tensors {
  const stored = new Map<string, WeightExpr>([...tensors].map(([name, view]) => [name, { kind: 'stored', ...view }]));
  if (quantisation === null) return stored;
  const unpacked = new Map(stored);
  for (const [name, view] of tensors) {
    const scales = scalesName(name, view, quantisation);
    if (scales === null) continue;
    const found = tensors.get(scales);
    if (found === undefined) throw wrong(name, view, `its scales are not there, "${scales}"`);
    unpacked.set(
      name,
      quantisation.method === 'fp8' ? scaled(name, view, found, quantisation.block) : packed(name, view, found),
    );
    unpacked.delete(scales);
  }
  return unpacked;
}

const float8: readonly Dtype[] = ['float8_e4m3', 'float8_e5m2'];

/** Null for a tensor that has none. */
function scalesName(name: string, { dtype }: StoredView, { method }: Quantisation): string | null {
  if (method === 'fp8') return float8.includes(dtype) ? `${name}_scale_inv` : null;
  return name.endsWith('_blocks') ? name.replace(/_blocks$/, '_scales') : null;
}

/** One scale alone is that of all numbers, whatever the size of blocks; one of a byte is an exponent. */
function scaled(
  name: string,
  view: StoredView,
  { shape: found, ...stored }: StoredView,
  size: [number, number] | null,
): WeightExpr {
  const isOne = found.every((dim) => dim === 1);
  const [rows = 1, columns = 1] = view.shape.slice(-2);
  const block: [number, number] = size === null || isOne ? [rows, columns] : size;
  const shape = scalesShape(view.shape, block);
  const scales: WeightExpr = {
    ...{ kind: 'stored', ...stored, shape },
    dtype: stored.dtype === 'uint8' ? 'float8_e8m0' : stored.dtype,
  };
  if (found.join() === shape.join() || (isOne && shape.every((dim) => dim === 1)))
    return { kind: 'scaleBlocks', of: { kind: 'stored', ...view }, scales, block };
  const message = `blocks of ${block.join(' × ')} need scales [${shape.join(', ')}], found [${found.join(', ')}]`;
  throw wrong(name, view, message);
}

function packed(name: string, view: StoredView, found: StoredView): WeightExpr {
  const [of, scales]: [WeightExpr, WeightExpr] = [
    { kind: 'stored', ...view },
    { kind: 'stored', ...found },
  ];
  const areBytes = dtypeOf(of) === 'uint8' && dtypeOf(scales) === 'uint8';
  if (areBytes && [...shapeOf(scales), 16].join() === shapeOf(of).join()) return { kind: 'packMxfp4', of, scales };
  const message = `mxfp4 is uint8 […, groups, 16] with scales uint8 […, groups], found scales ${found.dtype} [${found.shape.join(', ')}]`;
  throw wrong(name, view, message);
}

function wrong(tensor: string, { file, offset, dtype, shape }: StoredView, problem: string): CheckpointError {
  const message = `tensor "${tensor}", ${dtype} [${shape.join(', ')}], is quantised, but ${problem}: does config.json belong to it?`;
  return new CheckpointError({ file, offset, message });
}
