import { Segmented } from '../../ui/choice-field.js'
import { address } from './run-address.js'
import { restart } from './run-session.js'

/** What the network runs on; the reason is said where the view says that it is ready. */
export function DeviceChoice({ disabled = false }: { readonly disabled?: boolean }) {
  const { device } = address.values
  return (
    <Segmented
      label="Runs on"
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
