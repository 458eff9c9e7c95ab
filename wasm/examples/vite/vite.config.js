export default {
  build: { target: 'es2022' }, // for `await` at the top of a module
  optimizeDeps: { exclude: ['sotto'] }, // the dev server then finds the worker and the modules beside it
};
