import { transformSync } from 'esbuild';

/** Jest transformer: strips types with the compiler that builds the product, so tests run the code users run. */
export default {
  process(source, path) {
    const { code, map } = transformSync(source, {
      loader: path.endsWith('.tsx') ? 'tsx' : 'ts',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      format: 'esm',
      target: 'node20',
      sourcefile: path,
      sourcemap: 'both',
    });
    return { code, map };
  },
};
