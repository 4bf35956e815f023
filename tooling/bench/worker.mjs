// A model in a process of its own, so that peers do not share threads or memory. Requests and answers are lines of JSON.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Starts a worker script; `ask` sends a request and returns the answer. */
export function startWorker(script, args) {
  const child = spawn(process.execPath, [new URL(`workers/${script}`, import.meta.url).pathname, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`the worker ${script} ended (exit ${child.exitCode})`);
      return JSON.parse(value);
    },
    stop() {
      child.stdin.end();
    },
  };
}

/** Serves requests on standard input with `answer`, one at a time. */
export async function serve(answer) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
  process.exit(0);
}
