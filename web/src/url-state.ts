import { effect, type Signal, signal } from '@preact/signals'
import { rememberParameters, route } from './route.js'
import type { ViewName } from './view-names.js'

/** One parameter of an address: its value where the address has none, and how it is read and written. */
export interface Field<T> {
  readonly initial: T
  /** Its value where an address has others but not this one: what it was when old links were made. Default: `initial`. */
  readonly absent?: T
  /** @returns undefined for a text that is no value of this field */
  parse(text: string): T | undefined
  format(value: T): string
}

/** An integer, `min <= value <= max`. */
export const integer = (initial: number, min: number, max: number): Field<number> => ({
  initial,
  parse: (text) => (/^-?\d{1,15}$/.test(text) ? within(Number(text), min, max) : undefined),
  format: String,
})

/** A number, `min <= value <= max`. */
export const real = (initial: number, min: number, max: number): Field<number> => ({
  initial,
  parse: (text) => (/^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? within(Number(text), min, max) : undefined),
  format: String,
})

const within = (value: number, min: number, max: number) => (value >= min && value <= max ? value : undefined)

/** One of a few words. */
export const choice = <const T extends string>(initial: NoInfer<T>, options: readonly T[]): Field<T> => ({
  initial,
  parse: (text) => options.find((option) => option === text),
  format: String,
})

/** Yes (`1`) or no (`0`). */
export const flag = (initial: boolean): Field<boolean> => ({
  initial,
  parse: (text) => (text === '1' ? true : text === '0' ? false : undefined),
  format: (value) => (value ? '1' : '0'),
})

/** Any text of at most `longest` UTF-16 units. */
export const text = (initial: string, longest: number): Field<string> => ({
  initial,
  parse: (value) => (value.length <= longest ? value : undefined),
  format: (value) => value,
})

/** A seed: an unsigned 64-bit integer, in decimal. */
export const seed = (initial: bigint): Field<bigint> => ({
  initial,
  parse: parseSeed,
  format: String,
})

/** @returns undefined for what is no unsigned 64-bit integer in decimal */
export function parseSeed(text: string): bigint | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text)
  return value < 2n ** 64n ? value : undefined
}

type Fields = Readonly<Record<string, Field<never>>>
type ValueOf<F> = F extends { readonly initial: infer T } ? T : never

/** A signal for each field, and what the address had that was no value. */
export interface UrlState<F> {
  readonly values: { readonly [K in keyof F]: Signal<ValueOf<F[K]>> }
  /** Parameters of the last address that were refused, as `name=text`; their fields have their initial values. */
  readonly refused: Signal<readonly string[]>
  /** Sets every field to its initial value. */
  reset(): void
}

/**
 * State of a view that its address shows, so that it can be linked: `#prune?d=8&n=12`. Call it once for a view, at the top of its module.
 * Values that an address means without them are left out of it, and all where all are initial. Parameters that are no field are dropped.
 * @param view whose address it is
 * @param fields by the names that the address uses
 */
export function urlState<const F extends { readonly [K in keyof F]: Field<ValueOf<F[K]>> }>(
  view: ViewName,
  fields: F,
): UrlState<F> {
  const entries = Object.entries(fields as unknown as Fields) as [string, Field<unknown>][]
  const signals = new Map(entries.map(([name, field]) => [name, signal(field.initial)]))
  const refused = signal<readonly string[]>([])
  const absent = ({ initial, absent: old = initial }: Field<unknown>) => old

  effect(() => {
    const { view: shown, parameters } = route.value
    if (shown !== view) return
    const wrong: string[] = []
    const isEmpty = entries.every(([name]) => parameters.get(name) === null)
    for (const [name, field] of entries) {
      const given = parameters.get(name)
      const value = given === null ? (isEmpty ? field.initial : absent(field)) : field.parse(given)
      if (value === undefined) wrong.push(`${name}=${given}`)
      signals.get(name)!.value = value ?? field.initial
    }
    refused.value = wrong
  })
  effect(() => {
    const parameters = new URLSearchParams()
    const written = entries.map(([name, field]) => [name, field, field.format(signals.get(name)!.value)] as const)
    if (written.some(([, field, value]) => value !== field.format(field.initial))) {
      for (const [name, field, value] of written) if (value !== field.format(absent(field))) parameters.set(name, value)
    }
    rememberParameters(view, parameters)
  })
  return {
    values: Object.fromEntries(signals) as UrlState<F>['values'],
    refused,
    reset() {
      for (const [name, field] of entries) signals.get(name)!.value = field.initial
    },
  }
}
