/** Storage types of ttnn tensors that we use. */
export type TtDtype = 'float32' | 'bfloat16' | 'bfloat8_b' | 'bfloat4_b' | 'uint32' | 'int32';
