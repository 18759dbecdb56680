import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { chooseWebDevice } from '../../../../src/engine/web.js'
import { plainSentence } from '../../failure.js'
import { Segmented } from '../../ui/choice-field.js'
import { address } from './address.js'

/**
 * What to compute on, and what that would be here and why.
 * @param shown whether it is seen: a browser asked for its GPU logs that it has none
 */
export function DeviceField({ shown }: { readonly shown: boolean }) {
  const { device, qk } = address.values
  const reason = useSignal('')
  const [asked, sharers] = [device.value, qk.value === 'both' ? 2 : 1]
  useEffect(() => {
    if (!shown) return
    let isOld = false
    const say = (text: string) => {
      if (!isOld) reason.value = text
    }
    chooseWebDevice(asked, sharers).then(
      (chosen) => say(chosen.reason),
      (error) => say(plainSentence(error)),
    )
    return () => {
      isOld = true
    }
  }, [shown, asked, sharers])
  return (
    <div class="search-device">
      <Segmented
        label="Compute on"
        value={asked}
        options={[
          { value: 'auto', label: 'best' },
          { value: 'webgpu', label: 'WebGPU' },
          { value: 'wasm', label: 'WebAssembly' },
        ]}
        onChange={(value) => {
          device.value = value
        }}
      />
      <span class="field-help" role="status">
        {reason.value}
      </span>
    </div>
  )
}
