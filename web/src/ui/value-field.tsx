import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId } from 'preact/hooks'
import { parseSeed } from '../url-state.js'
import { Button } from './button.js'

/**
 * A text field for one value. What is no value is said below, and the last value holds. A line is kept free for that, so that nothing jumps.
 */
export function ValueField<T>({
  label,
  value,
  parse,
  format = String,
  expectation,
  inputMode = 'text',
  beside,
  onChange,
}: {
  readonly label: string
  readonly value: T
  /** @returns undefined for a text that is no value */
  parse(text: string): T | undefined
  format?(value: T): string
  /** What a value is, such as `a whole number from 1 to 64`. */
  readonly expectation: string
  readonly inputMode?: 'text' | 'numeric' | 'decimal'
  /** Buttons after the field. */
  readonly beside?: ComponentChildren
  onChange(value: T): void
}) {
  const id = useId()
  const text = useSignal(format(value))
  const wrong = useSignal(false)
  const written = format(value)
  useEffect(() => {
    const typed = parse(text.peek().trim())
    if (typed === undefined || format(typed) !== written) text.value = written
    wrong.value = false
  }, [written])
  return (
    <div class="field">
      <div class="field-head">
        <label for={id}>{label}</label>
      </div>
      <div class="joined">
        <input
          id={id}
          inputMode={inputMode}
          autocomplete="off"
          spellcheck={false}
          value={text.value}
          aria-invalid={wrong.value}
          aria-describedby={`${id}-error`}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value
            const typed = parse(currentTarget.value.trim())
            wrong.value = typed === undefined
            if (typed !== undefined && format(typed) !== written) onChange(typed)
          }}
          onBlur={() => {
            text.value = written
            wrong.value = false
          }}
        />
        {beside}
      </div>
      <span class="field-error" id={`${id}-error`} role="status">
        {wrong.value ? `Expected ${expectation}.` : ''}
      </span>
    </div>
  )
}

/** A whole number, `min <= value <= max`. */
export function NumberField({
  label,
  value,
  min,
  max,
  onChange,
}: {
  readonly label: string
  readonly value: number
  readonly min: number
  readonly max: number
  onChange(value: number): void
}) {
  const parse = (text: string) => {
    const typed = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return typed >= min && typed <= max ? typed : undefined
  }
  const expectation = `a whole number from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`
  return <ValueField inputMode="numeric" {...{ label, value, parse, expectation, onChange }} />
}

/** A seed, an unsigned 64-bit integer, with a button that draws another (below 1,000,000, to be read out and typed). */
export function SeedField({
  label = 'Seed',
  value,
  onChange,
}: {
  readonly label?: string
  readonly value: bigint
  onChange(value: bigint): void
}) {
  const draw = () => onChange(BigInt(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000))
  return (
    <ValueField
      inputMode="numeric"
      parse={parseSeed}
      expectation="a whole number from 0 to 18,446,744,073,709,551,615"
      beside={
        <Button onClick={draw} label="Draw another seed">
          Draw
        </Button>
      }
      {...{ label, value, onChange }}
    />
  )
}
