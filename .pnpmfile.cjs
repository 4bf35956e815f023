// The node-<platform> packages write `os` and `cpu` as a string; pnpm reads lists only and would install the Node of
// every platform, each as node_modules/.bin/node.
const list = (value) => (typeof value === 'string' ? [value] : value);

module.exports = {
  hooks: {
    readPackage(manifest) {
      if (!/^node-(bin-)?(darwin|linux|win)-/.test(manifest.name ?? '')) return manifest;
      return { ...manifest, os: list(manifest.os), cpu: list(manifest.cpu) };
    },
  },
};
