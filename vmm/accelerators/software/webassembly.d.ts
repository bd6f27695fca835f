/** The part of the WebAssembly JavaScript interface that is used here; the compiler's own declarations come with the DOM only. @spec WebAssembly JavaScript Interface */
declare namespace WebAssembly {
  class Module {
    private constructor();
    private readonly compiled: true;
  }

  class Memory {
    private constructor();
    /** The bytes; another buffer, and this one of length 0, after the memory has grown. */
    readonly buffer: ArrayBuffer;
  }

  class Table {
    constructor(descriptor: { readonly element: 'anyfunc'; readonly initial: number });
    set(index: number, value: unknown): void;
  }

  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }

  class RuntimeError extends Error {}

  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports: Imports): Promise<Instance>;
  function instantiate(bytes: Uint8Array, imports: Imports): Promise<{ readonly instance: Instance }>;
}
