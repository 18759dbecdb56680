import { type ChosenWebDevice, chooseWebDevice, createWebGraphRunner, type WebDevice } from '../../src/engine/web.js'
import type { GraphRunner } from '../../src/graph/runner.js'
import { siteFile } from './site.js'

/** A graph runner, what it computes on, and why. */
export interface Engine extends ChosenWebDevice {
  readonly runner: GraphRunner
  /** Resolves when the GPU is lost, see lost-gpu.ts; never for WebAssembly. Ask once a graph is loaded. */
  lost(): Promise<void>
}

/**
 * ONNX Runtime for the calling thread, best a worker. Loads nothing of it before it is called: 14 MB for WebAssembly, 27 MB
 * for WebGPU, which the browser keeps.
 * @param device `auto` (default) is WebGPU where there is a real GPU, else WebAssembly
 * @param sharers how many workers compute at the same time: each gets its part of the threads
 * @throws Error in a plain sentence when `webgpu` is asked for and cannot be had
 */
export async function openEngine(device: 'auto' | WebDevice = 'auto', sharers = 1): Promise<Engine> {
  const chosen = await chooseWebDevice(device, sharers)
  const ort = await (chosen.device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'))
  const runner = createWebGraphRunner(ort, { ...chosen, wasmPaths: siteFile('ort/') })
  const lost = async () => {
    const gpu = chosen.device === 'webgpu' ? ((await ort.env.webgpu.device) as GPUDevice | undefined) : undefined
    await (gpu?.lost ?? new Promise(() => {}))
  }
  return { ...chosen, runner, lost }
}
