// `npm run setup:tt`: brings a Python with ttnn. Its path is all that stands on stdout: TTTV2_PYTHON=$(npm run -s setup:tt)
import { say } from './say.mjs';
import { InstallationFailed } from './tt/environment.mjs';
import { setUp } from './tt/setup.mjs';
import { Unsupported } from './tt/unsupported.mjs';

try {
  console.log(await setUp());
} catch (error) {
  if (!(error instanceof Unsupported || error instanceof InstallationFailed)) throw error;
  say(error.message);
  process.exitCode = error instanceof Unsupported ? 2 : 1;
}
