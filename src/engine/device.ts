import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Device } from '../graph/device.js'
import type { GraphRunner } from '../graph/runner.js'
import { InputError } from '../safetensors/input-error.js'
import { askChild } from './child-question.js'
import type { ProbeAnswer, ProbeQuestion } from './device-probe.js'
import { createGraphRunner } from './onnx.js'

/** What can be asked for: a device, or the fastest that is there. */
export type DeviceName = Device | 'auto'

/** A runner, and the device that it computes on. */
export interface OpenedRunner {
  readonly runner: GraphRunner
  readonly device: Device
  /** Why this device, in one line. */
  readonly reason: string
  /** The same in a few words. */
  readonly summary: string
}

/** A GPU that is hardly faster at matrix products than the CPU loses its gain to the transfers of weights and gradients. */
const WORTHWHILE = 1.5

/**
 * A graph runner on the device asked for. Devices other than the CPU are tried first, in a process of their own: that
 * they compute at all, rightly, and not on the CPU in silence.
 * @param device `auto` (default) is CUDA where its provider is installed and works, else WebGPU where it multiplies
 *   matrices at least 1.5 times as fast as the CPU (software adapters do not), else the CPU
 * @param threads threads within an operator on the CPU, an integer >= 1
 * @throws RangeError for `device` or `threads`; InputError when the device asked for cannot be used
 */
export async function openGraphRunner({
  device = 'auto',
  threads,
}: {
  readonly device?: DeviceName | undefined
  readonly threads?: number | undefined
} = {}): Promise<OpenedRunner> {
  const opened = (chosen: Device, reason: string, summary = reason): OpenedRunner => {
    return { runner: createGraphRunner({ device: chosen, threads }), device: chosen, reason, summary }
  }
  switch (device) {
    case 'cpu':
      return opened('cpu', 'as asked')
    case 'cuda':
    case 'webgpu': {
      const missing = device === 'cuda' ? missingCuda() : undefined
      const error = missing ?? (await probe({ device, compare: false })).error
      if (error !== undefined) throw new InputError(`"device" ${device}: ${error}; --device cpu works everywhere`)
      return opened(device, 'as asked')
    }
    case 'auto':
      return openFastest(opened)
    default:
      throw new RangeError(`"device" expected cpu, webgpu, cuda or auto, got ${device}`)
  }
}

async function openFastest(
  opened: (device: Device, reason: string, summary?: string) => OpenedRunner,
): Promise<OpenedRunner> {
  const cuda = missingCuda() === undefined ? await probe({ device: 'cuda', compare: false }) : undefined
  if (cuda && cuda.error === undefined) return opened('cuda', 'its provider is installed and works')
  const { error, speed = 0 } = await probe({ device: 'webgpu', compare: true })
  const against = cuda ? `CUDA fails (${cuda.error}), ` : 'no CUDA provider is installed, '
  const hasNone = error?.startsWith(NO_ADAPTER) && !cuda
  if (error !== undefined) {
    return opened('cpu', `${against}WebGPU: ${error}`, hasNone ? 'no GPU found' : 'no GPU can be used')
  }
  const times = speed < 0.1 ? 'less than a tenth' : `${speed.toFixed(1)} times`
  const measured = `matrix products on WebGPU run at ${times} the speed of the CPU's`
  return speed >= WORTHWHILE
    ? opened('webgpu', measured, 'the faster one')
    : opened('cpu', `${against}${measured}`, 'the GPU is no faster')
}

/** Why CUDA cannot be tried; undefined when its provider's library is there. */
function missingCuda(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `ONNX Runtime's package has it on Linux x64 only, not on ${process.platform} ${process.arch}`
  }
  const folder = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')))
  if (existsSync(join(folder, 'bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so'))) return undefined
  const install = `ONNXRUNTIME_NODE_INSTALL=cuda12 node ${join(folder, 'script/install.js')}`
  return `ONNX Runtime's CUDA provider is not installed; with CUDA 12 and cuDNN 9 there, \`${install}\` fetches it`
}

/** Longer than any driver takes to start, SwiftShader on a busy machine included. */
const PATIENCE = 60_000 // ms

/** Asks `device-probe.ts` in a process of its own. */
async function probe(question: ProbeQuestion): Promise<ProbeAnswer> {
  const { answer, failure, log } = await askChild<ProbeQuestion, ProbeAnswer>('engine/device-probe.js', question, {
    patience: PATIENCE,
  })
  const found = answer ?? { error: `the provider: ${failure}` }
  return found.error === undefined ? found : { error: explain(found.error, log) }
}

const NO_ADAPTER = 'no adapter was found'

/** ONNX Runtime's long message in one short line. */
function explain(error: string, log: string): string {
  if (error.includes('Failed to get a WebGPU adapter')) {
    const api = { linux: 'Vulkan', darwin: 'Metal', win32: 'Direct3D 12' }[process.platform as string] ?? 'graphics'
    return `${NO_ADAPTER} (ONNX Runtime looked for a GPU with a ${api} driver)`
  }
  // Where a library cannot be loaded, the reason is only in the log: "Failed to load library A with error: B".
  const library = /with error: (.+)/.exec(log)?.[1]
  const line = (library?.replace(/^\S*\//, '') ?? error).replaceAll(/\s+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 197)}...` : line
}
