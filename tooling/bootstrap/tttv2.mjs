// `npm run tttv2 -- <command>`: the CLI from a bare clone. Installs and builds when that is due, then runs in this process,
// so that signals, exit code and streams are the command's own. For the same reason package.json says `exec node …`: a shell
// in between would keep the signals that npm passes on. (Windows has no exec; there: node tooling/bootstrap/tttv2.mjs.)
import { pathToFileURL } from 'node:url';
import { isPrepared, main, prepare } from './prepare.mjs';

if (!isPrepared()) await prepare();

// npm starts scripts in the project's folder; paths on the command line mean the caller's.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
process.argv[1] = main;
await import(pathToFileURL(main).href);
