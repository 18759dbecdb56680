/** A run in words. */
import type { ShownRun } from './report-data.js'

/** An integer with separators between thousands. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US')

export const nats = (loss: number): string => `${loss.toFixed(3)} nats`

/** The name without the endings that every run folder has by default. */
export const shortName = ({ name }: ShownRun): string =>
  name.replace(/(\.slt|\.dense)?\.safetensors\.run$|\.run$/, '') || name

/** `running, step 340 of 2,000`. */
export function stateText({ state, last, settings }: ShownRun): string {
  const steps = last === null ? 'before its first step' : `step ${count(last.step)}`
  if (state === 'opened') return last === null ? 'empty' : `${count(last.step)} steps`
  if (state === 'finished') return `finished, ${count(last?.step ?? 0)} steps`
  const of = last !== null && settings ? ` of ${count(settings.steps)}` : ''
  return `${state === 'running' ? 'running' : 'stopped'}, ${steps}${of}`
}

/** How long a running one still takes; undefined for others. */
export function timeLeft({ state, last, settings }: ShownRun): string | undefined {
  if (state !== 'running' || last === null || !settings) return undefined
  const seconds = ((settings.steps - last.step) * last.seconds) / last.step
  if (settings.steps === last.step) return 'about to end'
  return `${duration(seconds)} left`
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** What was asked for, in pairs of a name and a value. */
export function settingsOf({ settings }: ShownRun): readonly (readonly [string, string])[] {
  if (!settings) return []
  const { config, kind, algorithm, keep, selection, initialisation, qkScale, batch, seed, learningRate } = settings
  const shape = `${config.layers} layers, width ${config.width}, ${config.heads} heads, context ${config.positions}`
  const mask =
    kind === 'search'
      ? [['keeps', `${Number((100 * keep).toPrecision(3))} % ${selection}, by ${algorithm}`] as const]
      : []
  return [
    ['model', shape],
    ...mask,
    ['weights', kind === 'search' ? `${initialisation}, never changed` : `${initialisation}, then trained`],
    ['QK scale', String(Number(qkScale.toPrecision(4)))],
    ['a step', `${count(batch)} windows, ${count(batch * config.positions)} tokens`],
    ['learning rate', String(learningRate)],
    ['seed', seed],
  ]
}
