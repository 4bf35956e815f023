// Packages that carry a program for one platform, and say so in a way that makes pnpm install them elsewhere, too:
// node-<platform> writes `os` and `cpu` as a string, where pnpm reads lists only, and each would be node_modules/.bin/node;
// the ARM builds of @node-llama-cpp name x64 as well, for those who bundle on one machine for another.
const list = (value) => (typeof value === 'string' ? [value] : value);

module.exports = {
  hooks: {
    readPackage(manifest) {
      const name = manifest.name ?? '';
      if (/^node-(bin-)?(darwin|linux|win)-/.test(name)) {
        return { ...manifest, os: list(manifest.os), cpu: list(manifest.cpu) };
      }
      if (/^@node-llama-cpp\/.*-arm/.test(name)) {
        return { ...manifest, cpu: manifest.cpu?.filter((cpu) => cpu !== 'x64') };
      }
      return manifest;
    },
  },
};
