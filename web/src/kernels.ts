import kernelsUrl from '../../dist/kernels.wasm?url'
import { loadKernelsFrom } from '../../src/engine/web.js'
import type { Kernels } from '../../src/kernels/index.js'

/** Instantiates the kernels for the calling thread, in the page or in a worker. */
export const loadKernels = (): Promise<Kernels> => loadKernelsFrom(kernelsUrl)
