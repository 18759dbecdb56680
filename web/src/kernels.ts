import kernelsUrl from '../../dist/kernels.wasm?url'
import type { Kernels } from '../../src/kernels/index.js'
import { loadKernelsFrom } from '../../src/runtime/web.js'

/** Instantiates the kernels for the calling thread, in the page or in a worker. */
export const loadKernels = (): Promise<Kernels> => loadKernelsFrom(kernelsUrl)
