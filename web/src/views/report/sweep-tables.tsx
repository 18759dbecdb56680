import { columnsOf, shortNumber, sweepCells } from '../../../../src/experiments/sweep-table.js'
import type { SweepAnswer, SweepDetails } from '../../../../src/serve/answers.js'
import { siteFile } from '../../site.js'
import { count } from './run-text.js'
import { progressText, statusText } from './sweep-text.js'

/** What each setting has found over its seeds. */
export function SettingsTable({ rows }: Pick<SweepDetails, 'rows'>) {
  if (rows.length === 0) return <p class="field-help">No run is done yet.</p>
  const { head, lines } = sweepCells(rows)
  const { options } = columnsOf(rows)
  const classOf = (column: number) => (column < options.length ? 'sweep-word' : undefined)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <div class="table-scroll sweep-scroll" tabIndex={0}>
      <table>
        <caption>Settings: mean ± standard deviation over runs</caption>
        <thead>
          <tr>
            {head.map((name, at) => (
              <th scope="col" key={name} class={classOf(at)}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((cells, i) => (
            <tr key={i}>
              {cells.map((cell, at) => (
                <td key={head[at]} class={classOf(at)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The files of a sweep that has ended. */
export function SweepFiles({ sweep: { id, state, files, modified } }: { readonly sweep: SweepAnswer }) {
  if (state !== 'finished' || files.length === 0) return null // until the end they may be of an earlier time
  return (
    <p class="row">
      {files.map((file) => (
        <a key={file} href={siteFile(`api/sweeps/${id}/${file}?v=${Math.round(modified)}`)} download>
          {file}
        </a>
      ))}
    </p>
  )
}

/** Every run: how it stands, who has it, and what it found. */
export function RunsTable({ details: { runs, leftOut } }: { readonly details: SweepDetails }) {
  const numbers = [...new Set(runs.flatMap((run) => Object.keys(run.numbers ?? {})))]
  const left = leftOut > 0 ? `; ${count(leftOut)} more are not listed` : ''
  const words = ['run', 'status', 'worker', 'progress']
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <div class="table-scroll sweep-scroll sweep-runs" tabIndex={0}>
      <table>
        <caption>Runs: those that failed, are disputed or run come first{left}</caption>
        <thead>
          <tr>
            {[...words, ...numbers].map((name) => (
              <th scope="col" key={name} class={words.includes(name) ? 'sweep-word' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.place}>
              <td class="sweep-word">{run.label}</td>
              <td class={`sweep-word sweep-status-${run.status}`}>{statusText(run)}</td>
              <td class="sweep-word">{run.status === 'waiting' ? '' : (run.worker ?? '')}</td>
              <td class="sweep-word">{progressText(run)}</td>
              {numbers.map((name) => {
                const value = run.numbers?.[name]
                return <td key={name}>{value === undefined ? '' : shortNumber(value)}</td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The runs that failed, each with the last lines of its log. */
export function Failures({ details: { runs } }: { readonly details: SweepDetails }) {
  const failed = runs.filter(({ failure }) => failure !== undefined)
  if (failed.length === 0) return null
  return (
    <div class="samples sweep-failures">
      {failed.map(({ place, label, failure }) => (
        <details key={place}>
          <summary>
            <b>{label} failed:</b> {failure!.message}
          </summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
          <pre tabIndex={0}>{failure!.log || 'Its log is empty.'}</pre>
        </details>
      ))}
    </div>
  )
}
