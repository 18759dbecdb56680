import { useMemo } from 'preact/hooks'
import { formatNumber } from '../../ui/axis.js'
import { Button } from '../../ui/button.js'
import { Figure } from '../../ui/figure.js'
import { useKeptFocus } from '../../ui/kept-focus.js'
import { LinePlot, type Series } from '../../ui/line-plot.js'
import type { PlotMark } from '../../ui/plot-parts.js'
import { Progress } from '../../ui/progress.js'
import { MOST_ITEMS } from './choices.js'
import { askAgain, CURVE_LENGTH, curve, curveState, stopCurve } from './computed.js'
import type { ErrorCurve } from './error-curve.js'
import { inputKind, keyWidth, state, targetWidth } from './state.js'

const counts = Array.from({ length: MOST_ITEMS }, (_, i) => i + 1)
/** The width that the paper measured at: there alone its line, and rates over n, can stand beside ours. */
const PAPER_WIDTH = 2
/** The paper's 0.8 exp(-0.06 n), where n = 2 n'. */
const paper = counts.map((n) => 0.8 * Math.exp(-0.06 * PAPER_WIDTH * n))

const y = { label: 'largest error of the output over positions', scale: 'log' } as const

/** Error against items a weight, over many sources. */
export function CurvePart() {
  const found = curve.value
  const width = keyWidth() * targetWidth()
  const place = useKeptFocus<HTMLDivElement>()
  const isPaper = state.target.value === 'random' && state.d.value === PAPER_WIDTH
  const series = useMemo(() => seriesOf(found, isPaper), [found, isPaper])
  const x = useMemo(
    () => ({
      label: `items a weight, n′ (source width n = ${width} n′)`,
      domain: [1, MOST_ITEMS] as const,
      whole: true,
    }),
    [width],
  )
  const marks = useMemo<PlotMark[]>(() => marksOf(found, state.n.value), [found, state.n.value])
  const rate = found?.fit?.rate
  return (
    <section class="prune-part" aria-labelledby="prune-curve">
      <h2 id="prune-curve">More items, exponentially less error</h2>
      <Figure
        title="Error of the output against items a weight"
        legend={[
          { label: 'median', colour: 1 },
          { label: 'mean', colour: 3 },
          { label: '10 % and 90 % of sources', colour: 5 },
          { label: 'fit to the medians', colour: 1, mark: 'fit' },
          ...(isPaper
            ? ([
                { label: 'fit to the means', colour: 3, mark: 'fit' },
                { label: 'the paper’s 0.8 exp(−0.06 n), n = 2n′', colour: 2, mark: 'fit' },
              ] as const)
            : []),
        ]}
        caption={
          <>
            Over {found?.sources ?? '…'} random sources, on an input of{' '}
            {inputKind() === 'letters' ? 'eleven letters' : `${CURVE_LENGTH} positions`}. In the <em>reach</em> regime,
            half of the sources or more have some target that even all their items of one sign cannot sum to; in the{' '}
            <em>resolution</em> regime most have none, and each item more doubles the number of sums. A mean hangs on
            the few sources that miss.
            {isPaper
              ? ` The paper fits means, but its experiment is another: a trained target with one output, T = 4, and 100 sources, where here the target is random, with two outputs, T = ${inputKind() === 'letters' ? 11 : CURVE_LENGTH}, and the sources are ${found?.sources ?? 'few'}. With one output, T = 4 and 100 sources, but a random target, our Figure 4 has exp(−0.13 n).`
              : ''}
          </>
        }
      >
        <LinePlot
          description="Error of the output against items a weight."
          x={x}
          y={y}
          series={series}
          marks={marks}
          height={340}
        />
      </Figure>
      <p class="prune-fit">
        {found?.fit && rate !== undefined && rate > 0
          ? `Fit: ${formatNumber(found.fit.factors[0])} exp(−${formatNumber(rate)} n′), the rate ± ${formatNumber(found.fit.rateError)}, and half the error every ${formatNumber(Math.LN2 / rate)} items.`
          : curveState.value === 'done'
            ? 'No fit: fewer than three numbers of items lie in the resolution regime, or the error does not fall there.'
            : 'The fit appears when three numbers of items lie in the resolution regime.'}
      </p>
      {isPaper ? <PerUnit found={found} /> : null}
      <div ref={place} tabIndex={-1}>
        {curveState.value === 'running' ? (
          <Progress
            label="Pruning more sources"
            fraction={found ? found.done / found.total : 0}
            note={found ? `${found.done} of ${found.total} heads` : ''}
            onCancel={stopCurve}
            cancelLabel="Stop"
          />
        ) : (
          <div class="prune-finished">
            {found ? `${found.done} of ${found.total} heads pruned. ` : ''}
            {curveState.value === 'stopped' ? <Button onClick={askAgain}>Start again</Button> : null}
          </div>
        )}
      </div>
    </section>
  )
}

/** The rates over the source's width n = 2 n', in which the paper counts. */
function PerUnit({ found }: { readonly found: ErrorCurve | undefined }) {
  const { fit, meanFit } = found ?? {}
  const per = (rate: number) => formatNumber(rate / PAPER_WIDTH)
  return (
    <p class="prune-fit">
      {meanFit
        ? `Means, by least squares over all n as in the paper: ${formatNumber(meanFit.factor)} exp(−${per(meanFit.rate)} n); the paper has 0.8 exp(−0.06 n).${fit ? ` Medians: exp(−${per(fit.rate)} n).` : ''}`
        : ''}
    </p>
  )
}

function seriesOf(found: ErrorCurve | undefined, isPaper: boolean): Series[] {
  const x = found?.items ?? []
  const fitted = found?.fit
  const beyond = x.filter((n) => n > (found?.reachEnd ?? 0))
  return [
    { label: 'low', colour: 5, x, y: found?.low ?? [] },
    { label: 'high', colour: 5, x, y: found?.high ?? [] },
    { label: 'mean', colour: 3, x, y: found?.mean ?? [] },
    { label: 'median', colour: 1, x, y: found?.median ?? [] },
    {
      label: 'fit',
      colour: 1,
      kind: 'fit',
      x: fitted ? beyond : [],
      y: fitted ? beyond.map((n) => fitted.factors[0] * Math.exp(-fitted.rate * n)) : [],
    },
    ...(isPaper ? paperSeries(found) : []),
  ]
}

function paperSeries(found: ErrorCurve | undefined): Series[] {
  const means = found?.meanFit
  return [
    { label: 'paper', colour: 2, kind: 'fit', x: counts, y: paper },
    {
      label: 'fit to the means',
      colour: 3,
      kind: 'fit',
      x: means ? counts : [],
      y: means ? counts.map((n) => means.factor * Math.exp(-means.rate * n)) : [],
    },
  ]
}

function marksOf(found: ErrorCurve | undefined, n: number): PlotMark[] {
  const marks: PlotMark[] = [{ at: n, axis: 'x', label: `n′ = ${n}` }]
  if (!found) return marks
  const edge = Math.min(MOST_ITEMS, found.reachEnd + 0.5)
  if (found.reachEnd > 0) marks.push({ from: 1, to: edge, label: 'reach' })
  if (edge < MOST_ITEMS) marks.push({ from: edge, to: MOST_ITEMS, label: 'resolution', plain: true })
  return marks
}
