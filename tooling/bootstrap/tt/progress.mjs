import { say } from '../say.mjs';

/** Does something that takes its time, and says so on stderr: to a terminal with the seconds passing, else as one line. */
export async function withProgress(what, work) {
  if (!process.stderr.isTTY) {
    say(`${what} …`);
    return work();
  }
  const started = Date.now();
  const show = () => process.stderr.write(`\r\x1b[Ktttv2: ${what} … ${Math.round((Date.now() - started) / 1000)} s`);
  show();
  const ticking = setInterval(show, 1000);
  try {
    return await work();
  } finally {
    clearInterval(ticking);
    process.stderr.write('\n');
  }
}
