import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { attentionSpec, ffnSpec, layerSpec, modelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { writeGgufHeader } from '../testing/tiny-gguf.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';

const folder = await temporaryFolder();
const model = await writeTinyModel(join(folder, 'tiny'), { withTokenizer: true });

async function inspect(path: string): Promise<string> {
  const { stdout, stderr, exitCode } = await runHere('inspect', path);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  return stdout;
}

test('draws a checkpoint', async () => {
  expect(await inspect(model)).toMatchInlineSnapshot(`
    "tiny (llama, safetensors)

      tokens
        │
      embedding          64 × 32
        │
      ┌ layers 0–2  × 3
      │ preMixerNorm       32  rms_norm, ε 1e-5
      │ mixer              grouped_query attention, 4 heads over 2 KV heads of 8,
      │                    rotary θ 10000
      │   q, o             32 × 32
      │   k, v             16 × 32
      │ + residual
      │ preFfnNorm         32  rms_norm, ε 1e-5
      │ ffn                gated silu
      │   gate, up         48 × 32
      │   down             32 × 48
      │ + residual
      └
        │
      finalNorm          32  rms_norm, ε 1e-5
        │
      lmHead             64 × 32  of embedding.weight
        │
      logits

    parameters         25.3 k   101.2 kB
      embedding         2.0 k     8.2 kB  float32
      mixer             9.2 k    36.9 kB  float32
      ffn              13.8 k    55.3 kB  float32
      norms               224      896 B  float32

    context         65536 tokens
    head            tied to the embedding
    tokenizer       yes
    chat template   yes
    end tokens      1
    "
  `);
});

test('draws a specification alone, whose layers differ', async () => {
  const ffn = ffnSpec({ hiddenDim: 16, intermediateDim: 24, useGate: false, activation: 'gelu', useBias: true });
  const layer = (slidingWindowSize: number | null) =>
    layerSpec({
      attention: attentionSpec({ hiddenDim: 16, numHeads: 4, slidingWindowSize }),
      ffn,
      normType: 'layer_norm',
    });
  const spec = modelSpec({ vocabSize: 100, hiddenDim: 16, layers: [layer(8), layer(8), layer(null), layer(8)] });
  const path = join(folder, 'spec.json');
  await writeFile(path, JSON.stringify(spec));
  expect((await inspect(path)).replaceAll(folder, '')).toMatchInlineSnapshot(`
    "spec.json (json)

      tokens
        │
      embedding          100 × 16
        │
      ┌ layers 0–1, 3  × 3
      │ preMixerNorm       layer_norm, ε 1e-6
      │   weight, bias     16
      │ mixer              sliding_window attention, 4 heads of 4, window 8, rotary
      │                    θ 10000
      │   q, k, v, o       16 × 16
      │   q.bias, k.bias, v.bias 16
      │ + residual
      │ preFfnNorm         layer_norm, ε 1e-6
      │   weight, bias     16
      │ ffn                gelu
      │   up               24 × 16
      │   up.bias          24
      │   down             16 × 24
      │   down.bias        16
      │ + residual
      └
        │
      ┌ layer 2
      │ preMixerNorm       layer_norm, ε 1e-6
      │   weight, bias     16
      │ mixer              multi_head attention, 4 heads of 4, rotary θ 10000
      │   q, k, v, o       16 × 16
      │   q.bias, k.bias, v.bias 16
      │ + residual
      │ preFfnNorm         layer_norm, ε 1e-6
      │   weight, bias     16
      │ ffn                gelu
      │   up               24 × 16
      │   up.bias          24
      │   down             16 × 24
      │   down.bias        16
      │ + residual
      └
        │
      finalNorm          layer_norm, ε 1e-6
        weight, bias     16
        │
      lmHead             100 × 16
        │
      logits

    parameters         11.0 k    44.0 kB
      embedding         1.6 k     6.4 kB  float32
      mixer             4.3 k    17.2 kB  float32
      ffn               3.2 k    12.9 kB  float32
      lmHead            1.6 k     6.4 kB  float32
      norms               288     1.2 kB  float32

    context         2048 tokens
    head            its own weights
    tokenizer       no
    chat template   no
    end tokens      none known
    weights         none here: random weights from seed 0
    "
  `);
});

test('a folder with a configuration alone, too', async () => {
  expect(await inspect(join(model, 'config.json'))).toContain('none here: random weights from seed 0');
});

test('--json', async () => {
  const { stdout } = await runHere('inspect', model, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'tiny',
    format: 'safetensors',
    modelType: 'llama',
    randomSeed: null,
    hasChatTemplate: true,
    eosTokenIds: [1],
    layerKinds: [{ layers: [0, 1, 2] }],
  });
});

/** The model with its weights cut right after their header. */
async function cutAfterHeader(): Promise<string> {
  const cut = join(folder, 'cut', 'tiny');
  await mkdir(cut, { recursive: true });
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(model, name), join(cut, name));
  const whole = await readFile(join(model, 'model.safetensors'));
  await writeFile(join(cut, 'model.safetensors'), whole.subarray(0, 8 + Number(whole.readBigUInt64LE())));
  return cut;
}

test('a header is enough for inspect, convert and graph; what needs the numbers says so', async () => {
  const cut = await cutAfterHeader();
  expect(await inspect(cut)).toBe(await inspect(model));
  for (const command of ['convert', 'graph']) {
    const [ofCut, ofWhole] = [await runHere(command, cut), await runHere(command, model)];
    expect(ofCut).toEqual({ ...ofWhole, exitCode: 0 });
  }
  const { stderr, exitCode } = await runHere('run', cut, '--ids', '1');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^error: model\.safetensors .*was it cut short\? Download it again\n$/);
});

test('names the tensors that no parameter needs', async () => {
  const path = join(await cutAfterHeader(), 'model.safetensors');
  const header: Record<string, { data_offsets: [number, number] }> = JSON.parse(
    (await readFile(path, 'utf8')).slice(8),
  );
  const end = Math.max(...Object.values(header).map(({ data_offsets: [, to] }) => to));
  const frequencies = { dtype: 'F32', shape: [4], data_offsets: [end, end + 16] };
  const text = JSON.stringify({ ...header, 'model.layers.1.self_attn.rotary_emb.inv_freq': frequencies });
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([size, Buffer.from(text)]));
  expect(await inspect(dirname(path))).toContain(
    `ignored         model.layers.{i}.self_attn.rotary_emb.inv_freq (1 tensor):
                rotary frequencies follow from the config`,
  );
});

test('lists the tensors of a safetensors file, which says nothing of its model', async () => {
  const path = join(await cutAfterHeader(), 'model.safetensors');
  expect(await inspect(path)).toMatchInlineSnapshot(`
    "model.safetensors (safetensors)

      model.embed_tokens.weight  float32 [64, 32]
      model.layers.{0–2}.input_layernorm.weight  float32 [32]
      model.layers.{0–2}.self_attn.q_proj.weight  float32 [32, 32]
      model.layers.{0–2}.self_attn.k_proj.weight  float32 [16, 32]
      model.layers.{0–2}.self_attn.v_proj.weight  float32 [16, 32]
      model.layers.{0–2}.self_attn.o_proj.weight  float32 [32, 32]
      model.layers.{0–2}.post_attention_layernorm.weight  float32 [32]
      model.layers.{0–2}.mlp.gate_proj.weight  float32 [48, 32]
      model.layers.{0–2}.mlp.up_proj.weight  float32 [48, 32]
      model.layers.{0–2}.mlp.down_proj.weight  float32 [32, 48]
      model.norm.weight  float32 [32]

    29 tensors, 25.3 k parameters, 101.2 kB
    "
  `);
  const { stdout } = await runHere('inspect', path, '--json');
  const { tensors, ...totals } = JSON.parse(stdout);
  expect(totals).toEqual({ name: 'model.safetensors', format: 'safetensors', parameters: 25312, bytes: 101248 });
  expect(tensors).toHaveLength(29);
  expect(tensors[0]).toEqual({
    name: 'model.embed_tokens.weight',
    dtype: 'float32',
    shape: [64, 32],
    bytes: 8192,
  });
  const { stderr, exitCode } = await runHere('inspect', join(folder, 'none.safetensors'));
  expect(exitCode).toBe(2);
  expect(stderr).toContain('none.safetensors: is not there');
});

test('draws a GGUF file by its header, whatever its tokenizer, and tells what it cannot know', async () => {
  const path = await writeGgufHeader(join(folder, 'header.gguf'), { 'tokenizer.ggml.model': 'bert' });
  const shown = await inspect(path);
  expect(shown).toContain('header.gguf (llama, gguf)');
  expect(shown).toContain('ffn               6.1 k    24.6 kB  float32');
  expect(shown).toMatch(/^tokenizer +header\.gguf: the tokenizer "bert" is not supported,/m);
  expect(shown).toMatch(/^cut off +the numbers of rope_freqs\.weight: taken as 1$/m);
  const { stdout } = await runHere('inspect', path, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    format: 'gguf',
    hasTokenizer: false,
    tokenizerProblem: expect.stringContaining('"bert" is not supported'),
    assumed: ['rope_freqs.weight'],
  });
});

test.each(['convert', 'graph'])(
  '%s assumes nothing: where numbers make the specification, it needs them',
  async (command) => {
    const path = await writeGgufHeader(join(folder, 'rope.gguf'), {});
    const { stdout, stderr, exitCode } = await runHere(command, path);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain('ends before tensor "rope_freqs.weight", whose numbers are part of what the model is');
  },
);
