/** Node: where the WebAssembly kernels come from. */
import { readFile } from 'node:fs/promises'
import { deflateRawSync } from 'node:zlib'
import { createWasmSolver, instantiateKernels, type Kernels } from '../kernels/index.js'
import type { SubsetSumSolver } from '../subset-sum/index.js'

/** A file of the built package; the sources (under test) use the build beside them. */
export function builtFile(name: string): URL {
  const url = new URL(`../${name}`, import.meta.url)
  return url.pathname.endsWith(`/src/${name}`) ? new URL(`../../dist/${name}`, import.meta.url) : url
}

/** Loads the kernels for the calling thread. */
export async function loadKernels(): Promise<Kernels> {
  return instantiateKernels(await readFile(builtFile('kernels.wasm')))
}

/** The WebAssembly subset-sum solver, on the calling thread. */
export async function loadSolver(): Promise<SubsetSumSolver> {
  return createWasmSolver(await loadKernels())
}

/** Raw deflate by zlib, at its best. */
export const nodeDeflate = (bytes: Uint8Array): Uint8Array => new Uint8Array(deflateRawSync(bytes, { level: 9 }))
