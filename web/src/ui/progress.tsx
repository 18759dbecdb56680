import { useId } from 'preact/hooks'
import { Button } from './button.js'

/** Work that takes a while: how far it is, in words too, and a button that ends it. */
export function Progress({
  label,
  fraction,
  note = '',
  onCancel,
  cancelLabel = 'Cancel',
}: {
  readonly label: string
  /** Done, 0 <= fraction <= 1; absent where nobody knows. */
  readonly fraction?: number | undefined
  /** Beside the label, such as `12 of 40 MB`. */
  readonly note?: string
  readonly onCancel?: (() => void) | undefined
  readonly cancelLabel?: string
}) {
  const id = useId()
  return (
    <div class="progress">
      <div class="progress-text">
        <label for={id}>{label}</label>
        <span class="number">{note}</span>
      </div>
      <progress id={id} max={1} value={fraction} />
      {onCancel ? <Button onClick={onCancel}>{cancelLabel}</Button> : null}
    </div>
  )
}
