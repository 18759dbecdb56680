/** Every control and picture of the explorer on one page, for gallery.test.ts. */
import { signal } from '@preact/signals'
import { render } from 'preact'
import '../../../web/src/style/index.css'
import { Button, FileButton } from '../../../web/src/ui/button.js'
import { Segmented, Select } from '../../../web/src/ui/choice-field.js'
import { Figure } from '../../../web/src/ui/figure.js'
import { LinePlot } from '../../../web/src/ui/line-plot.js'
import { type Cell, MatrixPicture } from '../../../web/src/ui/matrix-picture.js'
import { Notice } from '../../../web/src/ui/notice.js'
import { Progress } from '../../../web/src/ui/progress.js'
import { Slider } from '../../../web/src/ui/slider.js'
import { NumberField, SeedField } from '../../../web/src/ui/value-field.js'
import { choice, integer, seed as seedField, urlState } from '../../../web/src/url-state.js'

const address = urlState('prune', {
  n: integer(12, 1, 20),
  d: integer(8, 1, 64),
  seed: seedField(7n),
  init: choice('theory', ['theory', 'xavier']),
})
const { n: items, d: width, seed, init: start } = address.values
const target = signal<'random' | 'sorter'>('random')
const cell = signal<Cell | undefined>({ row: 2, column: 3 })
const file = signal('none')

const steps = Array.from({ length: 20 }, (_, i) => i + 1)
const error = steps.map((each) => 0.8 * Math.exp(-0.3 * each) * (1 + 0.3 * Math.sin(5 * each)))
const fit = steps.map((each) => 0.8 * Math.exp(-0.3 * each))
const values = Float64Array.from({ length: 16 * 16 }, (_, i) => Math.sin(i * 12.9898) * (i % 7 === 0 ? 1 : 0.4))
const kept = Uint8Array.from(values, (_, i) => ((i * 7919) % 3 === 0 ? 1 : 0))

function Gallery() {
  return (
    <main class="site-main">
      <h1>Gallery</h1>
      <section class="panel controls" aria-label="Controls">
        <Slider
          label="Items a weight"
          value={items.value}
          min={1}
          max={20}
          unit="items"
          help="Random products that an entry may choose from."
          onInput={(next) => (items.value = next)}
        />
        <NumberField label="Width d" value={width.value} min={1} max={64} onChange={(next) => (width.value = next)} />
        <SeedField value={seed.value} onChange={(next) => (seed.value = next)} />
        <Segmented
          label="Initialisation"
          value={start.value}
          options={[
            { value: 'theory', label: 'theory' },
            { value: 'xavier', label: 'Xavier' },
          ]}
          onChange={(next) => (start.value = next)}
        />
        <Select
          label="Target"
          value={target.value}
          options={[
            { value: 'random', label: 'a random head' },
            { value: 'sorter', label: 'a head of the sorter' },
          ]}
          onChange={(next) => (target.value = next)}
        />
        <Progress
          label="Opening the ticket"
          fraction={0.4}
          note="12 of 30 MB"
          onCancel={() => (file.value = 'cancelled')}
        />
      </section>
      <div class="row">
        <Button primary onClick={() => (items.value = 12)}>
          Start
        </Button>
        <Button onClick={() => (items.value = 1)}>Pause</Button>
        <Button disabled onClick={() => {}}>
          Download
        </Button>
        <FileButton accept=".safetensors" onFile={({ name }) => (file.value = name)}>
          Open a ticket
        </FileButton>
        <output id="file">{file.value}</output>
        <output id="refused">{address.refused.value.join(' ')}</output>
      </div>
      <Notice>There is no WebGPU here: WebAssembly computes, on two threads.</Notice>
      <Notice kind="warning">The page is not isolated, so one thread has to do.</Notice>
      <Notice kind="error">
        notes.txt is no ticket: it does not start with a safetensors header. Open another file.
      </Notice>
      <div class="figures">
        <Figure
          title="Error against the number of items"
          caption="Largest error of an entry, over n items a weight; the dashed line is the fit."
          legend={[
            { label: 'measured', colour: 1, mark: 'points' },
            { label: 'fit', colour: 2, mark: 'fit' },
          ]}
        >
          <LinePlot
            description="Error against items."
            x={{ label: 'items a weight, n' }}
            y={{ label: 'largest error', scale: 'log' }}
            series={[
              { label: 'measured', colour: 1, kind: 'points', x: steps, y: error },
              { label: 'fit', colour: 2, kind: 'fit', x: steps, y: fit },
            ]}
            marks={[
              { from: 1, to: 6, label: 'reach' },
              { at: items.value, axis: 'x', label: 'now' },
              { at: 0.01, axis: 'y', label: 'one in a hundred' },
            ]}
          />
        </Figure>
        <Figure
          title="Loss"
          caption="Cross-entropy in nats a byte."
          legend={[
            { label: 'with scaling', colour: 1 },
            { label: 'without', colour: 2 },
          ]}
        >
          <LinePlot
            description="Loss against steps."
            x={{ label: 'step' }}
            y={{ label: 'nats a byte' }}
            series={[
              { label: 'with scaling', colour: 1, x: steps, y: fit.map((each) => 2 + 4 * each) },
              { label: 'without', colour: 2, x: steps, y: error.map((each) => 2.3 + 4 * each) },
            ]}
          />
        </Figure>
        <Figure title="The merged product" caption="Blue is negative, orange positive.">
          <MatrixPicture
            name="the merged product"
            rows={16}
            columns={16}
            values={values}
            selected={cell.value}
            onSelect={(next) => (cell.value = next)}
          />
        </Figure>
        <Figure
          title="The source's weights"
          caption="Dropped weights are faint."
          legend={[
            { label: 'kept', colour: 1, mark: 'kept' },
            { label: 'dropped', colour: 5, mark: 'dropped' },
          ]}
        >
          <MatrixPicture name="weights" rows={16} columns={16} values={values} kept={kept} />
        </Figure>
        <Figure title="An attention map" caption="Each row adds up to one.">
          <MatrixPicture name="attention" rows={16} columns={16} values={values.map(Math.abs)} palette="sequential" />
        </Figure>
      </div>
    </main>
  )
}

render(<Gallery />, document.getElementById('app')!)
