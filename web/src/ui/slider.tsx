import { useId } from 'preact/hooks'

/** A slider with its value; the keyboard's arrows, Page Up and Down, Home and End move it. */
export function Slider({
  label,
  value,
  min,
  max,
  step = 1,
  unit = '',
  format = String,
  help,
  onInput,
}: {
  readonly label: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly step?: number
  /** After the value, such as `items`. */
  readonly unit?: string
  format?(value: number): string
  readonly help?: string
  /** At every movement, `min <= value <= max`. */
  onInput(value: number): void
}) {
  const id = useId()
  const written = (each: number) => (unit === '' ? format(each) : `${format(each)} ${unit}`)
  return (
    <div class="field">
      <div class="field-head">
        <label for={id}>{label}</label>
        <output for={id}>{written(value)}</output>
      </div>
      <input
        id={id}
        class="slider"
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={written(value)}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onInput={({ currentTarget }) => onInput(currentTarget.valueAsNumber)}
      />
      <div class="slider-ends" aria-hidden="true">
        <span>{format(min)}</span>
        <span>{format(max)}</span>
      </div>
      {help === undefined ? null : (
        <span class="field-help" id={`${id}-help`}>
          {help}
        </span>
      )}
    </div>
  )
}
