import { Segmented } from '../../ui/choice-field.js'
import { address } from './run-address.js'
import { restart, running } from './run-session.js'

/** What the network runs on; the reason is said where the view says that it is ready. */
export function DeviceChoice({ disabled = false }: { readonly disabled?: boolean }) {
  const { device } = address.values
  const found = running.value?.device
  const names = { wasm: 'WebAssembly', webgpu: 'WebGPU' }
  return (
    <Segmented
      label={found && device.value === 'auto' ? `Runs on (automatic: ${names[found]})` : 'Runs on'}
      value={device.value}
      options={[
        { value: 'auto', label: 'Automatic', disabled },
        { value: 'wasm', label: 'WebAssembly', disabled },
        { value: 'webgpu', label: 'WebGPU', disabled },
      ]}
      onChange={(value) => {
        device.value = value
        restart()
      }}
    />
  )
}
