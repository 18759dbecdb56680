/** Numbers of a sweep as text: no more digits than their spread supports, and columns of them with their points below each other. */
import type { SweepNumber } from './sweep-rows.js'

/** Decimals from which a number is written with an exponent. */
const MOST_DECIMALS = 7

/** An integer as it is, another number with so many significant digits. */
export const shortNumber = (value: number, digits = 5): string =>
  Number.isInteger(value) ? String(value) : Number(value.toPrecision(digits)).toString()

/**
 * A mean and its standard deviation. The deviation has two significant digits, and the mean ends at the same decimal place: `0.79 ± 0.11`,
 * `3010 ± 120`, `7.72e-9 ± 0.31e-9`. Without a deviation, or with one of 0, it is the mean alone with five significant digits.
 */
export function spreadTexts({ mean, deviation }: Pick<SweepNumber, 'mean' | 'deviation'>): {
  mean: string
  deviation: string
} {
  if (deviation === null || deviation === 0) return { mean: shortNumber(mean), deviation: '' }
  const decimals = 1 - powerOf(Number(deviation.toPrecision(2)))
  if (decimals <= MOST_DECIMALS) return { mean: fixed(mean, decimals), deviation: fixed(deviation, decimals) }
  const power = powerOf(Math.max(Math.abs(mean), deviation))
  const scaled = (value: number) => `${(value / 10 ** power).toFixed(Math.max(decimals + power, 0))}e${power}`
  return { mean: scaled(mean), deviation: scaled(deviation) }
}

/** {@link spreadTexts} in one text. */
export function spreadText(number: Pick<SweepNumber, 'mean' | 'deviation'>): string {
  const { mean, deviation } = spreadTexts(number)
  return deviation === '' ? mean : `${mean} ± ${deviation}`
}

/** Of the leading digit of a number > 0: 2 for 123, -1 for 0.5. */
const powerOf = (value: number) => Number(value.toExponential().split('e')[1])

/** @param decimals below 0: rounded to tens, hundreds and so on */
function fixed(value: number, decimals: number): string {
  const rounded = decimals < 0 ? Math.round(value / 10 ** -decimals) * 10 ** -decimals : value
  return rounded.toFixed(Math.max(decimals, 0)).replace(/^-(0\.?0*)$/, '$1')
}

/** Texts of equal length: decimal points, and the signs before the deviations, stand below each other. Undefined is a blank. */
export function alignedTexts(numbers: readonly (SweepNumber | undefined)[]): string[] {
  const parts = numbers.map((number) => {
    const { mean, deviation } = number === undefined ? { mean: '', deviation: '' } : spreadTexts(number)
    return [...cutAtPoint(mean), ...cutAtPoint(deviation)] as const
  })
  const width = (at: 0 | 1 | 2 | 3) => Math.max(0, ...parts.map((part) => part[at].length))
  const [whole, decimals, wholeOfDeviation, decimalsOfDeviation] = [width(0), width(1), width(2), width(3)]
  return parts.map(([a, b, c, d]) => {
    const mean = a.padStart(whole) + b.padEnd(decimals)
    if (wholeOfDeviation === 0) return mean
    return `${mean} ${c === '' ? ' ' : '±'} ${c.padStart(wholeOfDeviation)}${d.padEnd(decimalsOfDeviation)}`
  })
}

/** `12` and `.5` of `12.5`. */
function cutAtPoint(text: string): [string, string] {
  const at = text.search(/[.e]/)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)]
}
