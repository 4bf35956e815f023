import { z } from 'zod';

/** Devices along each axis of a program: `[1, 1]` is one device. They are counted row by row. */
export type Mesh = readonly [rows: number, columns: number];

export const meshAxisSchema = z.union([z.literal(0), z.literal(1)]);
export type MeshAxis = z.infer<typeof meshAxisSchema>;

/** One device of a mesh. */
export interface Place {
  mesh: Mesh;
  device: readonly [row: number, column: number];
}

/** The device of a mesh that has no other. */
export const onlyPlace: Place = { mesh: [1, 1], device: [0, 0] };

/** All devices of a mesh, in order. */
export function placesOf(mesh: Mesh): Place[] {
  const [rows, columns] = mesh;
  return range(rows).flatMap((row) => range(columns).map((column) => ({ mesh, device: [row, column] as const })));
}

/** The devices that work together along an axis, as their numbers in order, for each such group. */
export function groupsAlong([rows, columns]: Mesh, axis: MeshAxis): number[][] {
  return axis === 1
    ? range(rows).map((row) => range(columns).map((column) => row * columns + column))
    : range(columns).map((column) => range(rows).map((row) => row * columns + column));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
