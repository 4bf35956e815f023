import { z } from 'zod';

/** A count or a size: a whole number of at least one. */
export const positiveInt = z.number().int().positive();
/** A finite number above zero. */
export const positive = z.number().positive();
