/** What a results file of `slt reproduce` says, as far as it is shown. The file is anybody's: nothing in it is taken for granted. */

import { type AnyFigure, allFigures } from '../../../../src/experiments/figure.js'

/** A fit of a exp(-b n): ours or the paper's. */
export interface FitSummary {
  readonly name: string
  readonly rate: number
  readonly rateError: number | undefined
  readonly factors: readonly number[]
}

/** A claim of the paper, what was measured, and whether it holds; null is undecided. */
export interface CheckSummary {
  readonly claim: string
  readonly measured: string
  readonly holds: boolean | null
}

export interface FigureSummary {
  readonly figure: AnyFigure
  readonly title: string
  /** What the paper shows. */
  readonly claim: string
  readonly checks: readonly CheckSummary[]
  /** The paper's first, where it gives one; empty for figures 7 and 8. */
  readonly fits: readonly FitSummary[]
  readonly settings: readonly (readonly [string, string])[]
  readonly seconds: number | undefined
}

/** @returns undefined for what is no result of a figure */
export function readFigure(value: unknown): FigureSummary | undefined {
  if (!isRecord(value) || !isRecord(value.paper) || typeof value.title !== 'string') return undefined
  const { figure, title, paper, seconds } = value
  const known = allFigures.find((each) => each === figure)
  if (known === undefined || typeof paper.claim !== 'string') return undefined
  const checks = listOf(value.checks, ({ claim, measured, holds }) =>
    typeof claim === 'string' && typeof measured === 'string' && (typeof holds === 'boolean' || holds === null)
      ? { claim, measured, holds }
      : undefined,
  )
  const ours = listOf(value.fits, ({ name, rate, rateError, factors }) =>
    typeof name === 'string' && isNumber(rate) && Array.isArray(factors) && factors.every(isNumber)
      ? { name, rate, rateError: isNumber(rateError) ? rateError : undefined, factors }
      : undefined,
  )
  const { rate, factor } = paper
  const theirs =
    isNumber(rate) && isNumber(factor) ? [{ name: 'paper', rate, rateError: undefined, factors: [factor] }] : []
  const settings = isRecord(value.settings) ? Object.entries(value.settings) : []
  return {
    figure: known,
    title,
    claim: paper.claim,
    checks,
    fits: [...theirs, ...ours],
    settings: settings
      .filter(([, each]) => typeof each !== 'object')
      .map(([name, each]) => [name, String(each)] as const),
    seconds: isNumber(seconds) ? seconds : undefined,
  }
}

function listOf<T>(value: unknown, read: (entry: Record<string, unknown>) => T | undefined): T[] {
  if (!Array.isArray(value)) return []
  return value.filter(isRecord).flatMap((entry) => read(entry) ?? [])
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
