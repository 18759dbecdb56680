import type { ComponentChildren } from 'preact'
import { Segmented } from '../../ui/choice-field.js'
import { PathName } from './path-name.js'
import type { ReportData, ShownRun } from './report-data.js'
import { axis, chosenRuns, MOST_RUNS, toggleRun } from './report-state.js'
import { RunCurves } from './run-curves.js'
import { RunDetails } from './run-details.js'
import { axes } from './run-log.js'
import { nats, shortName, stateText, timeLeft } from './run-text.js'

/** The runs as a list to choose from, the curves of the chosen ones, and what each is. `children` stands where there is none. */
export function Runs({ data, children }: { readonly data: ReportData; readonly children: ComponentChildren }) {
  const runs = data.runs.value
  const chosen = chosenRuns(runs ?? [])
  const shown = chosen.flatMap((id) => runs?.find((run) => run.id === id) ?? [])
  return (
    <section class="report-part" aria-labelledby="runs-title">
      <h2 id="runs-title">Runs</h2>
      {runs === undefined ? (
        <p class="report-waiting">Looking for runs…</p>
      ) : runs.length === 0 ? (
        children
      ) : (
        <>
          <ul class="run-list" aria-label={`Runs; up to ${MOST_RUNS} are drawn together`}>
            {runs.map((run) => (
              <RunItem key={run.id} run={run} runs={runs} chosen={chosen} />
            ))}
          </ul>
          {shown.length === 0 ? (
            <p class="field-help">Choose a run to see its curves.</p>
          ) : (
            <>
              <div class="report-axis">
                <Segmented
                  label="Curves over"
                  value={axis.value}
                  options={axes.map((value) => ({ value, label: value }))}
                  onChange={(next) => {
                    axis.value = next
                  }}
                />
              </div>
              <RunCurves data={data} runs={shown} />
              <div class="run-details">
                {shown.map((run, i) => (
                  <RunDetails key={run.id} run={run} colour={i + 1} samples={data.samples(run.id).value} />
                ))}
              </div>
            </>
          )}
        </>
      )}
    </section>
  )
}

function RunItem({
  run,
  runs,
  chosen,
}: {
  readonly run: ShownRun
  readonly runs: readonly ShownRun[]
  readonly chosen: readonly string[]
}) {
  const { id, state, last, settings, validLoss, accuracy } = run
  const name = shortName(run)
  const place = chosen.indexOf(id)
  const full = place < 0 && chosen.length >= MOST_RUNS
  const fraction = settings && last ? last.step / settings.steps : undefined
  const parts = [
    stateText(run),
    validLoss !== null ? `validation ${nats(validLoss)}` : last ? `${nats(last.loss)}` : undefined,
    accuracy === null ? undefined : `${(100 * accuracy).toFixed(1)} % right`,
    timeLeft(run),
  ]
  return (
    <li class={place < 0 ? 'run-item' : `run-item run-chosen series-${place + 1}`}>
      <label>
        <input
          type="checkbox"
          aria-labelledby={`run-${id}`}
          aria-describedby={`run-${id}-state`}
          checked={place >= 0}
          disabled={full}
          onChange={() => toggleRun(runs, id)}
        />
        <span id={`run-${id}`}>
          <PathName name={name} />
        </span>
        <span class={`run-state run-state-${state}`} id={`run-${id}-state`}>
          {parts.filter(Boolean).join(' · ')}
        </span>
      </label>
      {state === 'running' && fraction !== undefined ? (
        <progress value={fraction} max={1} aria-label={`${name}: steps done`} />
      ) : null}
    </li>
  )
}
