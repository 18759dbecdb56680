/** The browser: where the WebAssembly kernels come from, and what ONNX Runtime's web package computes on. Imports no `node:*`. */
import type { Env, InferenceSessionFactory } from 'onnxruntime-common'
import type { GraphRunner } from '../graph/runner.js'
import { instantiateKernels, type Kernels } from '../kernels/index.js'
import { loadedGraph, type OrtModule } from './onnx-session.js'

/** What `onnxruntime-web/wasm` and `onnxruntime-web/webgpu` export, as far as it is used here. */
export interface WebOrt extends OrtModule {
  readonly env: Env
  readonly InferenceSession: InferenceSessionFactory
}

/** What a page computes on: a GPU through WebGPU, or the CPU through WebAssembly. */
export type WebDevice = 'webgpu' | 'wasm'

/** The choice of {@link chooseWebDevice}. */
export interface ChosenWebDevice {
  readonly device: WebDevice
  /** Threads of the WebAssembly build within an operator, >= 1. */
  readonly threads: number
  /** Why this device and that many threads, in one plain sentence. */
  readonly reason: string
}

/** More threads than this gain nothing at the sizes that a page runs, and each costs memory. */
const MOST_THREADS = 4

/**
 * What this page may compute on. Threads need a cross-origin isolated page (COOP and COEP headers).
 * @param asked `auto` is WebGPU where there is an adapter that is not software, else WebAssembly
 * @param sharers how many workers compute at the same time, an integer >= 1: each gets its part of the threads
 * @throws Error in a plain sentence when `webgpu` is asked for and there is none
 */
export async function chooseWebDevice(asked: 'auto' | WebDevice = 'auto', sharers = 1): Promise<ChosenWebDevice> {
  const { threads, why } = wasmThreads(sharers)
  const wasm = (reason: string): ChosenWebDevice => ({ device: 'wasm', threads, reason: `${reason}; ${why}.` })
  if (asked === 'wasm') return wasm('WebAssembly, as asked')
  const gpu = await findAdapter()
  if (asked === 'webgpu') {
    if ('missing' in gpu) throw new Error(`WebGPU cannot be used: ${gpu.missing}. WebAssembly works everywhere.`)
    return { device: 'webgpu', threads, reason: `WebGPU on ${gpu.name}, as asked.` }
  }
  if ('missing' in gpu) return wasm(`WebAssembly, because ${gpu.missing}`)
  if (gpu.software) return wasm(`WebAssembly, because this browser's only WebGPU adapter is software (${gpu.name})`)
  return { device: 'webgpu', threads, reason: `WebGPU on ${gpu.name}.` }
}

function wasmThreads(sharers: number): { threads: number; why: string } {
  const each = sharers === 1 ? '' : ' each'
  if (!globalThis.crossOriginIsolated) {
    return {
      threads: 1,
      why: `on one thread${each}, because the page is not isolated (its server sends no COOP and COEP headers)`,
    }
  }
  const most = Math.min(MOST_THREADS, Math.floor((navigator.hardwareConcurrency ?? 1) / sharers))
  const threads = Math.max(1, most)
  return { threads, why: threads === 1 ? `on one thread${each}` : `on ${threads} threads${each}` }
}

async function findAdapter(): Promise<{ name: string; software: boolean } | { missing: string }> {
  const { gpu } = navigator as Partial<NavigatorGPU>
  if (!gpu) return { missing: 'this browser has no WebGPU here' }
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
    if (!adapter) return { missing: 'this browser found no GPU that it may use' }
    const { vendor, architecture, description, isFallbackAdapter } = adapter.info
    const name = description || [vendor, architecture].filter(Boolean).join(' ') || 'an unnamed GPU'
    return { name, software: isFallbackAdapter || /swiftshader|llvmpipe|basic render/i.test(`${name} ${architecture}`) }
  } catch (error) {
    return { missing: `asking for a GPU failed (${error instanceof Error ? error.message : error})` }
  }
}

/**
 * A graph runner on ONNX Runtime in a browser, for a page or a worker. Feeds are copied in and results out at every run.
 * Runs and loads are taken one after the other: the WebAssembly module cannot be in two at once.
 * @param ort `onnxruntime-web/wasm` for `wasm`, `onnxruntime-web/webgpu` for `webgpu`
 * @param options.device what to compute on; operators that WebGPU lacks are computed by WebAssembly
 * @param options.threads an integer >= 1; more than 1 needs a cross-origin isolated page. ONNX Runtime fixes it with the first graph
 * @param options.wasmPaths folder of ONNX Runtime's .wasm and .mjs files, ending in `/`; default: where ONNX Runtime looks itself,
 *   which is where a bundler has put them
 * @throws RangeError when `threads` is not an integer >= 1
 */
export function createWebGraphRunner(
  ort: WebOrt,
  {
    device,
    threads = 1,
    wasmPaths,
  }: { readonly device: WebDevice; readonly threads?: number | undefined; readonly wasmPaths?: string | undefined },
): GraphRunner {
  if (!(Number.isSafeInteger(threads) && threads >= 1)) {
    throw new RangeError(`"threads" expected an integer >= 1, got ${threads}`)
  }
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths
  ort.env.wasm.numThreads = threads
  ort.env.logLevel = 'error'
  const options = { executionProviders: [device], logSeverityLevel: 3 as const }
  return {
    prefersFused: device === 'wasm',
    async load(model) {
      const session = await inTurn(() => ort.InferenceSession.create(model, options))
      return loadedGraph(ort, session, { writesInPlace: false, inTurn })
    },
  }
}

/** The last piece of work that was begun or waits, of whatever runner. */
let last: Promise<unknown> = Promise.resolve()

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work, work)
  last = turn.catch(() => {})
  return turn
}

/**
 * Loads the kernels for the calling thread.
 * @param url where `kernels.wasm` is
 * @throws Error in a plain sentence when it cannot be fetched
 */
export async function loadKernelsFrom(url: string | URL): Promise<Kernels> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} could not be loaded: the server answered ${response.status}`)
  return instantiateKernels(await response.arrayBuffer())
}
