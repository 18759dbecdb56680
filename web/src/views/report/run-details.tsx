import type { SamplesAnswer } from '../../../../src/serve/answers.js'
import type { ShownRun } from './report-data.js'
import { settingsOf, shortName, stateText } from './run-text.js'

/** A run's settings, its ticket, and what it wrote on the way. */
export function RunDetails({
  run,
  colour,
  samples,
}: {
  readonly run: ShownRun
  readonly colour: number
  readonly samples: SamplesAnswer['samples']
}) {
  const settings = settingsOf(run)
  return (
    <article class={`panel run-detail series-${colour}`} aria-label={shortName(run)}>
      <h3>{shortName(run)}</h3>
      <p class="field-help">{stateText(run)}</p>
      {settings.length > 0 ? (
        <dl class="facts">
          {settings.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      ) : null}
      {run.ticket ? (
        <p>
          <a href={`#run?file=${run.ticket}`}>Open its ticket</a>
        </p>
      ) : null}
      {samples.length > 0 ? (
        <div class="samples">
          {samples
            .slice(-4)
            .reverse()
            .map(({ step, text }, i) => (
              <details key={step} open={i === 0}>
                <summary>What it wrote after step {step.toLocaleString('en-US')}</summary>
                {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
                <pre tabIndex={0}>{text}</pre>
              </details>
            ))}
        </div>
      ) : null}
    </article>
  )
}
