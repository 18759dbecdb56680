import type { SearchSettings } from '../../../../src/search/settings.js'
import { Figure, type LegendEntry } from '../../ui/figure.js'
import { LinePlot, type Series } from '../../ui/line-plot.js'
import type { PlotMark } from '../../ui/plot-parts.js'
import { pointWidth } from './history.js'
import type { Lane } from './lane.js'

/** Points of a curve at most: more cannot be told apart at the width of a page. */
const MOST_POINTS = 250

const colours = [1, 2] as const
const loss = (value: number) => value.toFixed(2)

/** The losses of all searches, and how many weights change sides. */
export function Curves({
  lanes,
  settings: { steps, algorithm },
}: {
  readonly lanes: readonly Lane[]
  readonly settings: Pick<SearchSettings, 'steps' | 'algorithm'>
}) {
  for (const { version } of lanes) void version.value
  const width = pointWidth(Math.max(steps, 1), MOST_POINTS)
  const several = lanes.length > 1
  const named = (lane: Lane, what: string) => (several ? `${lane.title}, ${what}` : what)
  const x = { label: 'step', domain: [0, steps] as const, format: (value: number) => value.toLocaleString('en') }

  const train = lanes.map(
    (lane, i): Series => ({ label: named(lane, 'training'), colour: colours[i], ...lane.history.loss(width) }),
  )
  const valid = lanes.map(
    (lane, i): Series => ({
      label: named(lane, 'validation'),
      colour: several ? colours[i] : 2,
      kind: 'points',
      ...lane.history.valid,
    }),
  )
  const flips = lanes.map((lane, i): Series => {
    const points = lane.history.flips(width)
    return { label: named(lane, 'changed'), colour: colours[i], ...points }
  })
  const bound = lanes[0]?.opening.value?.frequencyLoss
  const marks: PlotMark[] =
    bound === undefined ? [] : [{ axis: 'y', at: bound, label: `byte frequencies alone, ${loss(bound)}` }]
  return (
    <>
      <Figure
        title="Loss"
        legend={legendOf([...train, ...valid])}
        caption={algorithm === 'annealed' ? `${LOSS} ${OF_SOFT_MASKS}` : LOSS}
      >
        <LinePlot
          description="Loss of the search by step."
          x={x}
          y={{ label: 'nats a byte', format: loss }}
          series={[...train, ...valid]}
          marks={marks}
        />
      </Figure>
      <Figure
        title="Weights that change sides"
        legend={several ? legendOf(flips) : []}
        caption="Weights that entered or left the mask in a step. No weight changes its value, ever."
      >
        <LinePlot
          description="Weights that entered or left the mask, by step."
          x={x}
          y={{ label: 'weights a step' }}
          series={flips}
          height={200}
        />
      </Figure>
    </>
  )
}

const LOSS =
  'How surprised the masked network is by the next byte: ln 256 = 5.55 when every byte seems equally likely. Lines are batches, points text that it never learns from.'

const OF_SOFT_MASKS =
  'Batches see masks that are soft until near the end; points and tickets are of hard masks, which catch up then.'

const legendOf = (series: readonly Series[]): LegendEntry[] =>
  series.map(({ label, colour, kind = 'line' }) => ({ label, colour, mark: kind }))
