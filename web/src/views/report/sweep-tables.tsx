import { useSignal } from '@preact/signals'
import { measureText } from '../../../../src/experiments/sweep-measures.js'
import { shortNumber } from '../../../../src/experiments/sweep-numbers.js'
import { bestSetting } from '../../../../src/experiments/sweep-rows.js'
import { bestText, sweepColumns } from '../../../../src/experiments/sweep-table.js'
import type { SweepAnswer, SweepDetails } from '../../../../src/serve/answers.js'
import { siteFile } from '../../site.js'
import { Button } from '../../ui/button.js'
import { count, duration } from './run-text.js'
import { progressText, statusText } from './sweep-text.js'

/** A column of a table: a number's stands to the right. */
interface Column {
  readonly head: string
  readonly isNumber: boolean
}

/** A cell: what it shows, and the class that its state has. */
interface Cell {
  readonly text: string
  readonly class?: string
}

/** A table; on a narrow page each row is a block, whose lines name their columns, so that no number is cut. */
function Table({
  caption,
  columns,
  rows,
}: {
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly { readonly key: string | number; readonly cells: readonly Cell[] }[]
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <div class="table-scroll sweep-table" tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, isNumber }) => (
              <th scope="col" key={head} class={isNumber ? undefined : 'sweep-word'}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, at) => (
                <td
                  key={columns[at].head}
                  data-head={columns[at].head}
                  class={[columns[at].isNumber ? '' : 'sweep-word', cell.class ?? ''].join(' ').trim() || undefined}
                >
                  {cell.text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** What each setting has found over its seeds. */
export function SettingsTable({ details: { rows, measure } }: { readonly details: SweepDetails }) {
  if (rows.length === 0) return <p class="field-help">No run is done yet.</p>
  const columns = sweepColumns(rows)
  const best = bestSetting(rows, measure)
  return (
    <Table
      caption={`Settings: mean ± standard deviation over runs${best ? `; bold is ${bestText(best)}` : ''}`}
      columns={columns.map(({ name, kind }) => ({
        head: kind === 'number' ? measureText(name) : name,
        isNumber: kind !== 'option',
      }))}
      rows={rows.map((_, row) => ({
        key: row,
        cells: columns.map(({ name, cells }) => ({
          text: cells[row],
          ...(name === measure && row === best?.row && { class: 'sweep-best' }),
          ...(name === 'failed' && cells[row] !== '0' && { class: 'sweep-status-failed' }),
        })),
      }))}
    />
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

/** So many runs are listed until all are asked for. */
const FEW = 20

/** Every run: how it stands, who has it or made it, and what it found. */
export function RunsTable({ details: { runs, measure, leftOut } }: { readonly details: SweepDetails }) {
  const isWhole = useSignal(false)
  const shown = isWhole.value ? runs : runs.slice(0, FEW)
  const numbers = [...new Set(runs.flatMap((run) => Object.keys(run.numbers ?? {})))]
  const left = leftOut > 0 ? `; ${count(leftOut)} more are in runs.csv at the end` : ''
  const others = numbers.filter((name) => name !== measure)
  // What the sweep is about stands before what may be scrolled to.
  const first = numbers.includes(measure) ? [measure] : []
  const word = (head: string) => ({ head, isNumber: false })
  const numberColumn = (name: string) => ({ head: measureText(name), isNumber: true })
  const found = (run: SweepDetails['runs'][number], name: string) => {
    const value = run.numbers?.[name]
    return { text: value === undefined ? '' : shortNumber(value) }
  }
  return (
    <div class="sweep-runs">
      <Table
        caption={`Runs: those that failed, are disputed or run come first${left}`}
        columns={[
          ...['run', 'status', 'progress'].map(word),
          ...first.map(numberColumn),
          word('worker'),
          { head: 'time', isNumber: true },
          ...others.map(numberColumn),
        ]}
        rows={shown.map((run) => ({
          key: run.place,
          cells: [
            { text: run.label },
            { text: statusText(run), class: `sweep-status-${run.status}` },
            { text: progressText(run) },
            ...first.map((name) => found(run, name)),
            { text: run.status === 'waiting' ? '' : (run.worker ?? '') },
            { text: run.seconds === undefined ? '' : duration(run.seconds) },
            ...others.map((name) => found(run, name)),
          ],
        }))}
      />
      {shown.length < runs.length ? (
        <Button
          onClick={() => {
            isWhole.value = true
          }}
        >
          Show all {count(runs.length)} runs
        </Button>
      ) : null}
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
