import { DoesNotFitError } from '@tttv2/spec';

/** That there is no room for weights. */
export function noMemory(wanted: number): DoesNotFitError {
  const message = `no memory for ${wanted} bytes of weights: choose a smaller weightDtype, or a smaller model`;
  return new DoesNotFitError({ message, wanted, available: 0, unit: 'bytes' });
}
