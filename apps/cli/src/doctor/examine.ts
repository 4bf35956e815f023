import { availableParallelism, freemem, totalmem } from 'node:os';
import { cpuBackend } from '@tttv2/backend-cpu';
import { hubSettings } from '@tttv2/hf/node';
import { cacheFolder, encodedFolder } from '../cache-folder.ts';
import { showBytes } from '../units.ts';
import { computeOnCpu } from './compute-on-cpu.ts';
import { examineEncoded, examineFolder } from './examine-folder.ts';
import type { Finding } from './finding.ts';
import { examineTenstorrent } from './tenstorrent.ts';

/** Less than this free leaves little for a model. */
const scarceMemory = 2 * 2 ** 30;

/** Looks at everything that running models takes. Nothing is downloaded, and nobody is asked. */
export async function examine(): Promise<Finding[]> {
  return [
    examineNode(process.versions.node),
    await examineCpu(),
    examineMemory(freemem(), totalmem()),
    await examineFolder('models', cacheFolder()),
    await examineEncoded(encodedFolder()),
    ...examineHub(),
    ...(await examineTenstorrent()),
  ];
}

export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isEnough = major > 20 || (major === 20 && minor >= 19);
  return {
    about: 'Node.js',
    state: isEnough ? 'good' : 'bad',
    found: version,
    advice: isEnough ? null : 'install 20.19 or later',
  };
}

/** A product is computed and held against its definition: a library that loads may still not run. */
async function examineCpu(): Promise<Finding> {
  const about = 'cpu';
  try {
    const [device] = await cpuBackend.devices();
    const error = await computeOnCpu();
    const found = `${device?.description}, ${availableParallelism()} cores`;
    if (error < 1e-5) return { about, state: 'good', found: `${found}, computes`, advice: null };
    const advice = 'report it, with the name of the processor: its results are not to be trusted';
    return { about, state: 'bad', found: `${found}, computes wrongly: off by ${error}`, advice };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { about, state: 'bad', found, advice: 'install again on this machine: the native library is per platform' };
  }
}

export function examineMemory(free: number, total: number): Finding {
  const isScarce = free < scarceMemory;
  return {
    about: 'memory',
    state: isScarce ? 'poor' : 'good',
    found: `${showBytes(free)} free of ${showBytes(total)}`,
    advice: isScarce ? 'close what you do not need, or choose a smaller --weight-dtype' : null,
  };
}

function examineHub(): Finding[] {
  const { endpoint, token, offline } = hubSettings();
  const found = [
    endpoint ?? 'its own address',
    token === undefined ? 'no token: public models only' : 'with a token',
    ...(offline ? ['offline: only what was downloaded before'] : []),
  ].join(', ');
  return [{ about: 'hub', state: 'good', found, advice: null }];
}
