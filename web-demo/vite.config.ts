import { defineConfig, type Plugin } from 'vite';

// What public/offline.js keeps, so that the site opens without a network. What only contributing
// needs is left out: that takes a network anyway.
const offlineFiles: Plugin = {
  name: 'offline-files',
  enforce: 'post', // when Vite has left out what it does not write
  generateBundle(_, bundle) {
    const files = Object.keys(bundle).filter((file) => !/\.map$|^index\.html$|sotto-proofs/.test(file));
    this.emitFile({ type: 'asset', fileName: 'offline.json', source: JSON.stringify(files) });
  },
};

export default defineConfig({
  base: './',
  build: { outDir: '../build/demo', emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false } },
  worker: { format: 'es' },
  plugins: [offlineFiles],
});
