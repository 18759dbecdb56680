import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { Button } from './button.js'

/** Work that takes a while: how far it is, in words too, and a button that ends it. */
export function Progress({
  label,
  fraction,
  failed = 0,
  note = '',
  onCancel,
  cancelLabel = 'Cancel',
}: {
  readonly label: ComponentChildren
  /** Done, 0 <= fraction <= 1; absent where nobody knows. */
  readonly fraction?: number | undefined
  /** The part of what is done that has failed, 0 <= failed <= fraction: the end of the bar is red. The label says it in words. */
  readonly failed?: number
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
      <div class="progress-bar">
        <progress id={id} max={1} value={fraction} />
        {failed > 0 && fraction !== undefined ? (
          <svg class="progress-failed" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            <rect x={fraction - failed} y="0" width={failed} height="1" />
          </svg>
        ) : null}
      </div>
      {onCancel ? <Button onClick={onCancel}>{cancelLabel}</Button> : null}
    </div>
  )
}
