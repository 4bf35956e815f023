import { Unsupported } from './unsupported.mjs';

/** Refuses a machine for which there is no ttnn wheel. */
export function checkPlatform({ platform, arch, glibc } = thisMachine()) {
  const found = `${platform} ${arch}`;
  if (found !== 'linux x64') throw new Unsupported(`ttnn exists for Linux x64 only, and this is ${found}`);
  if (!glibc || olderThan(glibc, '2.34')) {
    throw new Unsupported(`ttnn needs glibc 2.34 or newer, and this Linux has ${glibc ?? 'another C library'}`);
  }
}

function thisMachine() {
  const { platform, arch } = process;
  return { platform, arch, glibc: process.report.getReport().header.glibcVersionRuntime };
}

const olderThan = (version, other) => version.localeCompare(other, 'en', { numeric: true }) < 0;
