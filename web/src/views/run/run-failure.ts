/** What goes wrong with a ticket, and the way on. */
import type { WebDevice } from '../../../../src/engine/web.js'
import { isAbort, plainSentence } from '../../failure.js'
import { GPU_LOST } from '../../lost-gpu.js'

/** What went wrong, and what a button may do about it. */
export interface Failure {
  readonly sentence: string
  readonly way: 'another' | 'again' | 'wasm'
}

/** A GPU that is lost, or full. */
export const gpuLost: Failure = { sentence: GPU_LOST, way: 'wasm' }

/**
 * What stands after a running network failed of `error`: on a GPU the way on is WebAssembly. What was left to do when a GPU
 * is lost fails in many ways, at any time after, and says nothing new.
 * @param before what had failed already
 */
export function runningFailure(
  error: unknown,
  device: WebDevice | undefined,
  before: Failure | undefined,
): Failure | undefined {
  if (isAbort(error) || before === gpuLost) return before
  const said = plainSentence(error)
  if (device !== 'webgpu') return { sentence: `The network stopped: ${said}`, way: 'again' }
  return /Ort|WebGPU|WGPU|device/i.test(said) ? gpuLost : { sentence: `The network stopped: ${said}`, way: 'wasm' }
}
