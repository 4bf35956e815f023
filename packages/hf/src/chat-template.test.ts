import { CheckpointError, RequestError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { type ChatMessage, loadChatTemplate } from './chat-template.ts';
import { strftime } from './strftime.ts';
import { ggufMetadata } from './tokenizer/fixtures/gguf-metadata.ts';

const user: ChatMessage[] = [{ role: 'user', content: 'Hi' }];
const render = (jinja: string, messages = user, tools?: object[]) =>
  loadChatTemplate({ jinja, tokenizerConfig: { bos_token: '<s>', eos_token: { content: '</s>' } } })?.render(messages, {
    addGenerationPrompt: true,
    ...(tools === undefined ? {} : { tools }),
  });

/** The template of SmolLM2-Instruct. */
const smollm2 =
  "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

test('a template that is in use', () => {
  expect(render(smollm2)).toBe(
    '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' +
      '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
  );
  const conversation = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello.' },
  ];
  expect(loadChatTemplate({ jinja: smollm2 })?.render(conversation, { addGenerationPrompt: false })).toBe(
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n',
  );
});

test('what transformers gives a template', () => {
  expect(render('{{ bos_token }}{{ messages[0].content }}{{ eos_token }}')).toBe('<s>Hi</s>');
  expect(render('{{ pad_token is defined }} {{ tools is none }}')).toBe('false true');
  expect(render("{{ strftime_now('%d %b %Y') }}")).toBe(strftime(new Date(), '%d %b %Y'));
  expect(render('{% for i in range(2, 8, 3) %}{{ i }}{% endfor %}{{ range(3) | length }}')).toBe('253');
  expect(render('{{ tools[0].name }} {{ tools | tojson }}', user, [{ name: 'f' }])).toBe('f [{"name": "f"}]');
  expect(render('{% if true %}\n  {% if True and not None %}\nx\n  {% endif %}\n{% endif %}\n')).toBe('x\n');
});

test('a refusal of the template is one of the messages', () => {
  const jinja = "{{ raise_exception('Roles must alternate') }}";
  expect(() => render(jinja)).toThrow(RequestError);
  expect(() => render(jinja)).toThrow('messages: Roles must alternate');
});

test('messages that are none are refused', () => {
  const untyped: ChatMessage[] = JSON.parse('[{"role":"user","content":"a"},{"role":"user"}]');
  expect(() => render(smollm2, untyped)).toThrow(RequestError);
  expect(() => render(smollm2, untyped)).toThrow('messages.1.content: Invalid input: expected string');
});

test('a template that is broken says so', () => {
  expect(() => render('{% if %}')).toThrow(CheckpointError);
  expect(() => render('{% if %}')).toThrow(/^chat_template\.jinja: is not a chat template that can be read: /);
  expect(() => render('{{ messages | no_such_filter }}')).toThrow(CheckpointError);
  expect(() => render('{{ messages | no_such_filter }}')).toThrow(
    /^chat_template\.jinja: the chat template failed: .*no_such_filter/,
  );
});

test('sources: the file, then the configuration, then the GGUF', async () => {
  const gguf = await ggufMetadata({
    'tokenizer.chat_template': '{{ bos_token }}{{ eos_token }}gguf',
    'tokenizer.ggml.tokens': ['<a>', '<b>'],
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 0,
  });
  const named = [
    { name: 'tool_use', template: 'tools' },
    { name: 'default', template: 'default' },
  ];
  const rendered = (sources: Parameters<typeof loadChatTemplate>[0]) =>
    loadChatTemplate(sources)?.render(user, { addGenerationPrompt: true });
  expect(rendered({ jinja: 'file', tokenizerConfig: { chat_template: 'config' }, gguf })).toBe('file');
  expect(rendered({ tokenizerConfig: { chat_template: 'config' }, gguf })).toBe('config');
  expect(rendered({ tokenizerConfig: { chat_template: named } })).toBe('default');
  expect(rendered({ tokenizerConfig: { chat_template: null }, gguf })).toBe('<b><a>gguf');
  expect(rendered({ tokenizerConfig: { bos_token: '<c>' }, gguf })).toBe('<c><a>gguf');
  expect(loadChatTemplate({ tokenizerConfig: {}, gguf: null })).toBeNull();
  expect(loadChatTemplate({ gguf: await ggufMetadata({ 'general.name': 'x' }) })).toBeNull();
});
