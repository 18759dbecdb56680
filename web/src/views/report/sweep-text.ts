/** A sweep in words. */
import type { SweepAnswer, SweepRunAnswer } from '../../../../src/serve/answers.js'
import { formatNumber } from '../../ui/axis.js'
import { count, duration } from './run-text.js'

/** The name without the ending that the folder of a sweep has by default. */
export const sweepName = ({ name }: SweepAnswer): string => name.replace(/\.sweep$/, '') || name

/** `slt search on play.txt: keep (3 values), seed (2)`. */
export function sweepTitle({ command, subject, varied }: SweepAnswer): string {
  const options = varied.map(([name, values]) => (values > 1 ? `${name} (${values} values)` : name)).join(', ')
  return `slt ${command}${subject === null ? '' : ` on ${subject}`}${options === '' ? '' : `: ${options}`}`
}

const timeFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

/** `Started 29 Nov 2026, 02:03, took 12 min. Run by the workers of a queue, results in store.` */
export function placeText(sweep: SweepAnswer): string {
  const { startedAt, endedAt, modified, state, isQueued, store } = sweep
  const until = endedAt ?? (state === 'running' ? modified : null)
  const took =
    startedAt === null || until === null
      ? ''
      : `${endedAt === null ? ', runs for' : ', took'} ${duration((until - startedAt) / 1000)}`
  const started = startedAt === null ? '' : `Started ${timeFormat.format(startedAt)}${took}. `
  return `${started}Run ${isQueued ? 'by the workers of a queue' : 'on one machine'}, results in ${store}.`
}

const totalOf = ({ counts: { waiting, running, done, failed } }: SweepAnswer) => waiting + running + done + failed

/** The part of the runs that have ended, 0 to 1. */
export const fractionEnded = (sweep: SweepAnswer): number =>
  (sweep.counts.done + sweep.counts.failed) / Math.max(totalOf(sweep), 1)

/** The part of the runs that have failed, 0 to 1. */
export const fractionFailed = (sweep: SweepAnswer): number => sweep.counts.failed / Math.max(totalOf(sweep), 1)

/** `running: 4 of 12 runs done, 2 running, 5 waiting`; failed runs are told beside it. */
export function sweepText(sweep: SweepAnswer): string {
  const { state, counts } = sweep
  const more = (['running', 'waiting'] as const).flatMap((status) =>
    counts[status] > 0
      ? [`${count(counts[status])} ${state === 'stopped' && status === 'running' ? 'were running' : status}`]
      : [],
  )
  return [`${state}: ${count(counts.done)} of ${count(totalOf(sweep))} runs done`, ...more].join(', ')
}

/** `3.1 runs a minute · 14 min left`; empty for one that does not run. */
export function paceText({ state, rate, secondsLeft }: SweepAnswer): string {
  if (state !== 'running') return ''
  const pace = rate >= 1 ? `${formatNumber(rate)} runs a second` : `${formatNumber(60 * rate)} runs a minute`
  return [rate > 0 ? pace : '', secondsLeft === null ? '' : `${duration(secondsLeft)} left`].filter(Boolean).join(' · ')
}

/** Sentences that a reader of the sweep should know; empty where all is well. */
export function sweepWarnings({ state, isQueued, disputed }: SweepAnswer): string[] {
  const stopped = isQueued
    ? 'Nobody follows this sweep now. The workers of its queue may go on; slt sweep --watch comes back to it.'
    : 'This sweep has stopped. The same command goes on with it.'
  const runs = disputed === 1 ? 'one run' : `${count(disputed)} runs`
  const twice = `Two workers found different results for ${runs}. The first result is shown; both are in the store.`
  return [...(state === 'stopped' ? [stopped] : []), ...(disputed > 0 ? [twice] : [])]
}

/** `20 of 40, loss 4.25`; empty for a run that has ended, or not begun. */
export function progressText({ status, progress }: SweepRunAnswer): string {
  if (status !== 'running') return ''
  if (progress === undefined || progress.total === 0) return 'starting'
  const { done, total, text } = progress
  return [`${count(done)} of ${count(total)}`, text].filter(Boolean).join(', ')
}

export const statusText = ({ status, found, disputed }: SweepRunAnswer): string =>
  [found ? 'done before' : status, disputed ? 'disputed' : ''].filter(Boolean).join(', ')
