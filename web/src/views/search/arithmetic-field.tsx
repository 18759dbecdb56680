import { Segmented } from '../../ui/choice-field.js'
import { address } from './address.js'

/** What linear maps are computed in; which is best is measured when a search starts. */
export function ArithmeticField() {
  const { arithmetic } = address.values
  return (
    <div class="search-device">
      <Segmented
        label="Linear maps in"
        value={arithmetic.value}
        options={[
          { value: 'auto', label: 'best' },
          { value: 'int8', label: 'int8' },
          { value: 'float32', label: 'float32' },
        ]}
        onChange={(value) => {
          arithmetic.value = value
        }}
      />
      <span class="field-help">
        int8 rounds what a linear map reads, and its gradients, to 8 bits: the network learns as well, and mostly
        faster.
      </span>
    </div>
  )
}
