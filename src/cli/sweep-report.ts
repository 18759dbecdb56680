/** The end of a sweep: its table in the terminal, and its files. */

import { type SweepPlan, subjectOf } from '../queue/sweep.js'
import type { SweepFolder } from '../queue/sweep-folder.js'
import type { SweepState } from '../queue/sweep-state.js'
import { InputError } from '../safetensors/input-error.js'
import { sweepTable } from './sweep-columns.js'
import { columnsOf, count, type Terminal } from './terminal.js'

/** A sweep whose tables are written. */
type Reported = { readonly plan: SweepPlan; readonly out: string; readonly folder: SweepFolder }

/** Writes the tables and the figure of what is done. @returns what they were made of */
export async function writeSweepFiles({ plan, folder }: Reported, state: SweepState) {
  const [{ sweepRows }, { sweepCsv, sweepMarkdown }, { runsCsv }, { sweepLines }, { measureNamed }, { renderSweep }] =
    await Promise.all([
      import('../experiments/sweep-rows.js'),
      import('../experiments/sweep-table.js'),
      import('../experiments/sweep-runs.js'),
      import('../experiments/sweep-lines.js'),
      import('../experiments/sweep-measures.js'),
      import('../experiments/sweep-figure.js'),
    ])
  const { measureOf } = await import('../queue/sweep-state.js')
  const measure = measureOf(plan)
  const rows = sweepRows(state.runs)
  const failed = state.runs.filter(({ status }) => status === 'failed')
  const failures = failed.map(({ label, failure }) => ({ label, message: '', log: '', ...failure }))
  const drawn = sweepLines(rows, measure)
  const subject = subjectOf(plan)
  const about = `slt ${plan.command}${subject === undefined ? '' : ` on ${subject}`}`
  const figure =
    'reason' in drawn
      ? undefined
      : renderSweep(rows, measure, `${about}: ${measureNamed(measure).title} against ${drawn.across}`, drawn)
  const runs = state.runs.map(({ points: _, progress: __, ...run }) => run)
  const results = { command: plan.command, options: plan.options, measure, rows, failures, runs }
  const written = await folder.writeResults({
    'results.json': `${JSON.stringify(results, null, 2)}\n`,
    'results.csv': sweepCsv(rows),
    'results.md': sweepMarkdown(rows, measure, failures),
    'runs.csv': runsCsv(runs),
    'figure.svg': figure,
  })
  return { measure, rows, failures, drawn, written }
}

/**
 * Prints the table of what is done, and writes the files.
 * @param bringModels gives the models that the sweep is to bring; undefined where it is to bring none
 * @throws InputError when a run has failed, after everything is written
 */
export async function reportSweep(
  reported: Reported,
  state: SweepState,
  terminal: Terminal,
  bringModels: () => Promise<readonly object[] | undefined>,
): Promise<void> {
  const { out } = reported
  const { measure, rows, failures, drawn, written } = await writeSweepFiles(reported, state)
  const [{ bestSetting }, { bestText }] = await Promise.all([
    import('../experiments/sweep-rows.js'),
    import('../experiments/sweep-table.js'),
  ])
  const best = bestSetting(rows, measure)
  if (rows.length > 0) {
    const { text, leftOut } = sweepTable(
      terminal.colour,
      rows,
      { number: measure, best: best?.row },
      columnsOf(process.stdout),
    )
    terminal.print(text)
    if (best) terminal.print(`* ${bestText(best)}`)
    if (leftOut.length > 0) terminal.print(`no room for ${leftOut.join(', ')}: ${out}/results.md has all columns`)
  }
  if ('reason' in drawn) terminal.print(`no figure: ${drawn.reason}`)
  const models = await bringModels()
  const counts = state.counts()
  const found = state.runs.filter((run) => run.found).length
  const parts = [
    `${count(counts.done)} of ${count(state.runs.length)} runs done`,
    ...(found > 0 ? [`${count(found)} of them before`] : []),
    ...(counts.failed > 0 ? [`${count(counts.failed)} failed`] : []),
  ]
  terminal.print(`${parts.join(', ')}; ${written.join(', ')}`)
  if (models) terminal.print(`${count(models.length)} ${models.length === 1 ? 'model' : 'models'} in ${out}/models`)
  terminal.result({ out, counts, found, rows, failures, ...(models && { models }) })
  if (failures.length > 0) {
    const [{ label, message, log }] = failures
    const others = log.split('\n').filter((line) => line !== '' && !line.includes(message))
    const last = others.slice(-5).join(' / ')
    throw new InputError(
      `${count(failures.length)} of ${count(state.runs.length)} runs failed; the first, ${label}: ${message}${last ? ` (${last})` : ''}`,
    )
  }
}
