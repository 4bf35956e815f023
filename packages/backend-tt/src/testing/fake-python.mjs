#!/usr/bin/env node
// Stands for a Python with the host; FAKE says what it does.

function frame(header) {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(12);
  prefix.writeUInt32LE(text.length, 0);
  return Buffer.concat([prefix, text]);
}

function exit(code) {
  process.stderr.write(`ModuleNotFoundError: No module named 'ttnn'\n`, () => process.exit(code));
}

/** Does something at each request, with its number. */
function onRequest(answer) {
  let id = 0;
  process.stdin.on('data', () => answer(id++));
}

const behaviours = {
  exits: () => exit(1),
  cannotRun: () => exit(3),
  exitsWhenAsked: () => onRequest(() => exit(1)),
  saysHello: () => onRequest(() => process.stdout.write('Hello! What can I do for you?\n')),
  isNoJson: () => onRequest(() => process.stdout.write(Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 123, 93]))),
  answersAnother: () => onRequest(() => process.stdout.write(frame({ id: 'the first' }))),
  fails: () =>
    onRequest((id) => process.stdout.write(frame({ id, error: JSON.parse(process.env.FAKE_ERROR ?? 'null') }))),
  answers: () =>
    onRequest((id) => {
      process.stdout.write(frame({ id, progress: { loadedBytes: 1, totalBytes: 2 } }));
      process.stdout.write(frame({ id, script: process.argv[2] }));
    }),
};

behaviours[process.env.FAKE]();
