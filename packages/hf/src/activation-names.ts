import type { ActivationType } from '@tttv2/spec';

/** Names of activations in Hugging Face configurations. Source: `ACT2CLS` in transformers' `activations.py`. */
export const activationNames: Readonly<Record<string, ActivationType>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  quick_gelu: 'quick_gelu',
  relu: 'relu',
  relu2: 'relu2',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
};
