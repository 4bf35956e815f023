#!/usr/bin/env node
import * as module from 'node:module';

// Node 22 and later keep compiled code between runs, of what is imported after this: hence no import above.
if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function') module.enableCompileCache();

const { endWhenNobodyReads } = await import('./output.ts');
const { runCommandLine } = await import('./run-command-line.ts');
endWhenNobodyReads();
process.exitCode = await runCommandLine(process.argv.slice(2));
