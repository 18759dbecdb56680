import { Option } from 'commander'
import type { DeviceName } from '../engine/device.js'
import { oneOf } from './values.js'

const devices = ['auto', 'cpu', 'webgpu', 'cuda'] as const satisfies readonly DeviceName[]

/** The option `--device <d>`; without a default, so that a resumed run can keep its own. */
export function deviceOption(): Option {
  return new Option('--device <d>', `${devices.join(', ')} (default: auto, the fastest)`).argParser(
    oneOf('device', devices),
  )
}
