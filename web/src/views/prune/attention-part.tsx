import { useMemo } from 'preact/hooks'
import { formatNumber } from '../../ui/axis.js'
import { Segmented } from '../../ui/choice-field.js'
import { Figure } from '../../ui/figure.js'
import { Letters } from '../../ui/letters.js'
import { LinePlot } from '../../ui/line-plot.js'
import { MatrixPicture } from '../../ui/matrix-picture.js'
import { paletteRange } from '../../ui/palette.js'
import { Slider } from '../../ui/slider.js'
import { ValueField } from '../../ui/value-field.js'
import { LETTERS, MOST_DOUBLINGS } from './choices.js'
import { attention, lengths } from './computed.js'
import { MOST_SHOWN } from './head-attention.js'
import type { AttentionReport } from './prune-worker.js'
import { inputKind, state } from './state.js'

/** Where target and ticket look on an input, and the error of their outputs at other lengths. */
export function AttentionPart() {
  const run = attention.value
  return (
    <section class="prune-part" aria-labelledby="prune-attention">
      <h2 id="prune-attention">The same attention</h2>
      <Inputs />
      <div class="prune-attention">{run ? <Maps run={run} /> : <div class="prune-maps-room" />}</div>
    </section>
  )
}

const explained = {
  letters: 'Six letters, A to C, and the first five of the model’s answer, as they reach this head.',
  random: 'Random positions, each of norm √d.',
  rotation: 'The paper’s task: a position of zeros, then points that turn, each pair of numbers at its own speed.',
}

function Inputs() {
  const kind = inputKind()
  const sorter = state.target.value === 'sorter'
  return (
    <div class="controls">
      <div class="prune-control">
        <Segmented
          label="What the head reads"
          value={kind}
          options={[
            ...(sorter ? [{ value: 'letters' as const, label: 'Letters' }] : []),
            { value: 'random', label: 'Random' },
            { value: 'rotation', label: 'Turning points' },
          ]}
          onChange={(value) => {
            state.input.value = value
          }}
        />
        <span class="field-help">{explained[kind]}</span>
      </div>
      {kind === 'letters' ? (
        <ValueField
          label="Letters to sort"
          value={state.letters.value}
          parse={(text) => (LETTERS.test(text) ? text.toUpperCase() : undefined)}
          expectation="six letters, each A, B or C"
          onChange={(value) => {
            state.letters.value = value
          }}
        />
      ) : (
        <Slider
          label="Length T"
          value={state.t.value}
          min={2}
          max={MOST_DOUBLINGS}
          format={(value) => (2 ** value).toLocaleString('en')}
          unit="positions"
          help="However long the input, the error stays: no T stands in the theorem."
          onInput={(value) => {
            state.t.value = value
          }}
        />
      )}
    </div>
  )
}

const letter = (token: number) => 'ABC'[token]

function Maps({ run }: { readonly run: AttentionReport }) {
  const { rows, columns, length, target, ticket, tokens, error } = run
  const range = useMemo(
    () => [0, Math.max(paletteRange('sequential', target)[1], paletteRange('sequential', ticket)[1])] as const,
    [run],
  )
  const largest = useMemo(
    () => target.reduce((most, value, i) => Math.max(most, Math.abs(value - ticket[i])), 0),
    [run],
  )
  const map = {
    rows,
    columns,
    range,
    palette: 'sequential',
    aspect: 1,
    rowLabel: 'query',
    columnLabel: 'key',
  } as const
  const sampled = length > MOST_SHOWN ? ` ${rows} of ${length} positions; a square sums ${length / columns} keys.` : ''
  const word = tokens
    ? ` The letters are ${tokens.slice(0, 6).map(letter).join(' ')}, then the answer ${tokens.slice(6).map(letter).join(' ')}.`
    : ''
  return (
    <>
      <Figure title="Target">
        {tokens ? <Letters labels={tokens.map(letter)} answerFrom={6} /> : null}
        <MatrixPicture {...map} name="attention of the target" values={target} />
      </Figure>
      <Figure title="Ticket">
        {tokens ? <Letters labels={tokens.map(letter)} answerFrom={6} /> : null}
        <MatrixPicture {...map} name="attention of the ticket" values={ticket} />
      </Figure>
      <Lengths />
      <p class="field-help prune-hint">
        {`Each row is a position and sums to 1 over where it looks.${sampled}${word} The maps differ by at most ${formatNumber(largest)}, the outputs by ${formatNumber(error)}.`}
      </p>
    </>
  )
}

function Lengths() {
  const found = lengths.value
  const letters = inputKind() === 'letters'
  const series = useMemo(
    () => [
      { label: 'error', colour: 1 as const, x: found?.lengths ?? [], y: found?.errors ?? [] },
      { label: 'error', colour: 1 as const, kind: 'points' as const, x: found?.lengths ?? [], y: found?.errors ?? [] },
    ],
    [found],
  )
  const known = found?.errors.filter((error) => error > 0) ?? []
  const bound = found && found.bound < found.outputSize ? found.bound : undefined
  const top = bound ?? Math.max(1e-9, ...known)
  const domain = [10 ** Math.floor(Math.log10(Math.min(top, ...known, 1))), 10 ** Math.ceil(Math.log10(top))] as const
  return (
    <Figure
      title="Error against length"
      caption={`Largest error of the output over positions. ${
        bound === undefined
          ? 'The bound from the proof says nothing yet: it is above the output itself.'
          : 'The bound from the proof holds at every length.'
      }`}
    >
      <LinePlot
        description="Error of the output against the length of the input."
        x={
          letters
            ? { label: 'positions read, T', domain: [1, 11], whole: true }
            : { label: 'length, T', scale: 'log', domain: [4, 1024], format: String }
        }
        y={{ label: 'error of the output', scale: 'log', domain }}
        series={series}
        marks={bound === undefined ? [] : [{ at: bound, axis: 'y', label: 'bound' }]}
        height={260}
      />
    </Figure>
  )
}
