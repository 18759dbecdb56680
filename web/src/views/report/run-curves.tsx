import { useMemo } from 'preact/hooks'
import { type Colour, Figure } from '../../ui/figure.js'
import { LinePlot, type Series } from '../../ui/line-plot.js'
import type { ReportData, ShownRun } from './report-data.js'
import { axis } from './report-state.js'
import { type RunAxis, stretchFor } from './run-log.js'
import { count, shortName } from './run-text.js'

const axisLabels: Record<RunAxis, string> = { steps: 'step', tokens: 'tokens read', minutes: 'minutes of computing' }

/** A curve of a plot that one run may lack: training flips no weight. */
interface Drawn {
  readonly loss: Series[]
  readonly validation: Series[]
  readonly flips: Series[]
  readonly rate: Series[]
}

/** Loss, flips and learning rate of some runs, over each other. */
export function RunCurves({ data, runs }: { readonly data: ReportData; readonly runs: readonly ShownRun[] }) {
  const over = axis.value
  const versions = runs.map(({ id }) => `${id}:${data.log(id).version.value}`).join()
  const drawn = useMemo(() => draw(data, runs, over), [data, versions, over])
  const steps = Math.max(1, ...runs.map(({ id }) => data.log(id).last()?.step ?? 0))
  const every = stretchFor(steps)
  const average = every > 1 ? `Training losses are means over ${every} steps. ` : ''
  const x = { label: axisLabels[over], ...(over === 'tokens' ? { format: short } : {}) }
  const names = runs.map(shortName).join(', ')
  return (
    <div class="run-curves">
      <Figure
        title="Loss"
        legend={runs.map((run, i) => ({ label: shortName(run), colour: (i + 1) as Colour }))}
        caption={`Cross-entropy in nats a token, lower is better. ${average}Points are the loss on text that the run does not learn from.`}
      >
        <LinePlot
          description={`Loss of ${names}.`}
          x={x}
          y={{ label: 'nats a token' }}
          series={[...drawn.loss, ...drawn.validation]}
          height={300}
        />
      </Figure>
      <div class="figures">
        <Figure
          title="Weights that change sides"
          caption="Weights that enter or leave the mask in a step: the mask settles as they become few. Training has no mask."
        >
          <LinePlot
            description={`Weights that enter or leave the mask in a step, of ${names}.`}
            x={x}
            y={{ label: 'weights a step', scale: 'log', format: short }}
            series={drawn.flips}
            height={190}
          />
        </Figure>
        <Figure title="Learning rate" caption="Of the scores in a search, of the weights in training.">
          <LinePlot
            description={`Learning rate of ${names}.`}
            x={x}
            y={{ label: 'rate' }}
            series={drawn.rate}
            height={190}
          />
        </Figure>
      </div>
    </div>
  )
}

function draw(data: ReportData, runs: readonly ShownRun[], over: RunAxis): Drawn {
  const logs = runs.map(({ id }) => data.log(id))
  const every = stretchFor(Math.max(1, ...logs.map((log) => log.last()?.step ?? 0)))
  const series = (field: 'loss' | 'flipped' | 'learningRate') =>
    logs.map((log, i) => ({ label: shortName(runs[i]), colour: (i + 1) as Colour, ...log.curve(field, over, every) }))
  return {
    loss: series('loss'),
    validation: logs.map((log, i) => ({
      label: `${shortName(runs[i])}, validation`,
      colour: (i + 1) as Colour,
      kind: 'points',
      ...log.validation(over, every),
    })),
    flips: series('flipped'),
    rate: series('learningRate'),
  }
}

const short = (value: number): string =>
  value >= 1e6
    ? `${Number((value / 1e6).toPrecision(3))} M`
    : value >= 1e4
      ? `${Number((value / 1e3).toPrecision(3))} k`
      : count(value)
