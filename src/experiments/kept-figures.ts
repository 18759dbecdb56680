/** Figures that earlier runs left in a folder: what they are, what a new run would lose of them, and which of them a report shows. */
import { type AnyFigure, allFigures, type FigureId, type FigureResult } from './figure.js'
import type { LanguageFigureNumber, LanguageFigureResult, LanguageModelRequest } from './language-model.js'

/** What a run is going to make of a figure: what its numbers depend on. */
export type FigurePlan =
  | {
      readonly figure: FigureId
      readonly sources: number
      /** In decimal. */
      readonly seed: string
      readonly trained: boolean
    }
  | {
      readonly figure: LanguageFigureNumber
      readonly preset: string
      /** In the words of the figure's settings. */
      readonly corpus: string
      readonly runs: readonly LanguageModelRequest[]
    }

/**
 * Reads the JSON of a figure, of this version or an earlier one.
 * @throws RangeError that says what is no figure's
 */
export function parseFigure(text: string): FigureResult | LanguageFigureResult {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text)
  } catch {
    throw new RangeError('it is not JSON')
  }
  const { figure, settings, series, checks, paper } = value ?? {}
  if (!allFigures.some((known) => known === figure)) {
    throw new RangeError(`"figure" expected 4 to 8 or "rotary", got ${JSON.stringify(figure)}`)
  }
  const lists = { series, checks, ...(figure !== 7 && figure !== 8 ? { fits: value.fits } : { runs: value.runs }) }
  for (const [name, list] of Object.entries(lists)) {
    if (!Array.isArray(list)) throw new RangeError(`"${name}" expected a list`)
  }
  for (const [name, object] of Object.entries({ settings, paper })) {
    if (typeof object !== 'object' || object === null) throw new RangeError(`"${name}" expected an object`)
  }
  if (typeof value.title !== 'string') throw new RangeError('"title" expected text')
  if (typeof value.seconds !== 'number') throw new RangeError('"seconds" expected a number')
  return value as unknown as FigureResult | LanguageFigureResult
}

/**
 * What a new figure would lose of one that is there, in words: undefined when it gives the same numbers, or for Figures 7 and 8
 * holds every run of the old one beside others.
 */
export function lossOf(there: FigureResult | LanguageFigureResult, plan: FigurePlan): string | undefined {
  if (there.figure !== plan.figure) return `it is figure ${there.figure}`
  if (!('runs' in there) || !('runs' in plan)) {
    if ('runs' in there || 'runs' in plan) return 'it is another kind of figure'
    const { sources, seed } = there.settings
    // The others have no trained target.
    const trains = plan.figure === 4 || plan.figure === 5
    const old = { sources, seed, ...(trains ? { trained: there.trained !== undefined } : {}) }
    return changes(old, plan)
  }
  const { preset, corpus } = there.settings
  const changed = changes({ preset, corpus }, plan)
  if (changed !== undefined) return changed
  const kept = new Map(plan.runs.map((run) => [run.name, run]))
  const lost = there.runs.filter((run) => {
    const same = kept.get(run.name)
    return same === undefined || changes(same, run) !== undefined
  })
  if (lost.length === 0) return undefined
  const names = lost.slice(0, 3).map(({ name }) => name)
  return `${lost.length} of its ${there.runs.length} runs are not asked for: ${names.join(', ')}${lost.length > 3 ? ', ...' : ''}`
}

/** The values of `old` that are others in `now`, in words. */
function changes(old: object, now: object): string | undefined {
  const parts = Object.entries(old)
    .map(([name, value]) => ({ name, value, asked: (now as Record<string, unknown>)[name] }))
    .filter(({ value, asked }) => JSON.stringify(value) !== JSON.stringify(asked))
    .map(({ name, value, asked }) => `${name} ${value} there, ${asked} asked for`)
  return parts.length ? parts.join('; ') : undefined
}

/** The title of a report of these figures; {@link reportedFigures} reads it. */
export const reportTitle = (figures: readonly AnyFigure[]): string =>
  `Strong lottery tickets in attention: Figures ${figures.join(', ')}`

/** The figures that a report shows, by its title; undefined when it is no report of `renderReport`. */
export function reportedFigures(html: string): AnyFigure[] | undefined {
  const list =
    /<title>Strong lottery tickets in attention: Figures ((?:[4-8]|rotary)(?:, (?:[4-8]|rotary))*)<\/title>/.exec(
      html,
    )?.[1]
  return list === undefined ? undefined : allFigures.filter((figure) => list.split(', ').includes(String(figure)))
}
