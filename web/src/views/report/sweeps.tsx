import type { SweepAnswer, SweepDetails } from '../../../../src/serve/answers.js'
import { Notice } from '../../ui/notice.js'
import { Progress } from '../../ui/progress.js'
import { PathName } from './path-name.js'
import type { ReportData } from './report-data.js'
import { openSweeps, showSweep } from './report-state.js'
import { count } from './run-text.js'
import { SweepCurves, SweepFigure } from './sweep-plots.js'
import { Failures, RunsTable, SettingsTable, SweepFiles } from './sweep-tables.js'
import {
  fractionEnded,
  fractionFailed,
  paceText,
  placeText,
  sweepName,
  sweepText,
  sweepTitle,
  sweepWarnings,
} from './sweep-text.js'
import './sweeps.css'

/** Every sweep: how far it is, and of those that are opened figure, curves and tables. Nothing where there is no sweep. */
export function Sweeps({ data }: { readonly data: ReportData }) {
  const sweeps = data.sweeps.value
  if (sweeps.length === 0) return null
  const open = openSweeps(sweeps)
  return (
    <section class="report-part" aria-labelledby="sweeps-title">
      <h2 id="sweeps-title">Sweeps</h2>
      {sweeps.map((sweep) => (
        <Sweep
          key={sweep.id}
          sweep={sweep}
          details={data.sweep(sweep.id).value}
          isOpen={open.includes(sweep.id)}
          onToggle={(isOpen) => showSweep(sweeps, sweep.id, isOpen)}
        />
      ))}
    </section>
  )
}

function Sweep({
  sweep,
  details,
  isOpen,
  onToggle,
}: {
  readonly sweep: SweepAnswer
  /** Undefined until they have been asked for. */
  readonly details: SweepDetails | undefined
  readonly isOpen: boolean
  onToggle(isOpen: boolean): void
}) {
  const name = sweepName(sweep)
  return (
    <article class="sweep" aria-label={`Sweep ${name}`}>
      <h3>{sweepTitle(sweep)}</h3>
      <p class="sweep-place field-help">
        <PathName name={name} />
        <span>{placeText(sweep)}</span>
      </p>
      <Progress
        label={
          <>
            {sweepText(sweep)}
            {sweep.counts.failed > 0 ? (
              <>
                , <b class="sweep-failed">{count(sweep.counts.failed)} failed</b>
              </>
            ) : null}
          </>
        }
        fraction={fractionEnded(sweep)}
        failed={fractionFailed(sweep)}
        note={paceText(sweep)}
      />
      {sweepWarnings(sweep).map((warning) => (
        <Notice kind="warning" key={warning}>
          {warning}
        </Notice>
      ))}
      <details class="sweep-parts" open={isOpen} onToggle={({ currentTarget }) => onToggle(currentTarget.open)}>
        <summary>Figure, curves and runs</summary>
        {!isOpen ? null : details === undefined ? (
          <p class="report-waiting">Reading the sweep…</p>
        ) : (
          <Parts sweep={sweep} details={details} />
        )}
      </details>
    </article>
  )
}

function Parts({ sweep, details }: { readonly sweep: SweepAnswer; readonly details: SweepDetails }) {
  return (
    <div class="sweep-content">
      <Failures details={details} />
      <div class="figures">
        <SweepFigure details={details} />
        <SweepCurves details={details} />
      </div>
      <SettingsTable details={details} />
      <SweepFiles sweep={sweep} />
      <RunsTable details={details} />
    </div>
  )
}
