import type { ComponentChildren } from 'preact'
import type { TicketReport } from '../../../../src/inspect/index.js'
import { MAX_EXACT_ITEMS } from '../../../../src/subset-sum/problem.js'
import { Figure } from '../../ui/figure.js'
import { given, grown, opened } from './run-session.js'

const integer = (value: number) => Math.round(value).toLocaleString('en')
const percent = (value: number) => `${(100 * value).toFixed(1)} %`

/** Bytes, kB or MB, three digits. */
export function byteText(bytes: number): string {
  if (bytes < 1000) return `${integer(bytes)} bytes`
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : bytes < 1e9 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB']
  return `${value < 100 ? value.toPrecision(3) : integer(value)} ${unit}`
}

/** What the ticket is, how long its weights took to grow, and its size beside that of dense weights. */
export function TicketFacts({ report }: { readonly report: TicketReport }) {
  return (
    <section class="ticket-facts-section" aria-labelledby="run-facts-title">
      <h2 id="run-facts-title">What it is</h2>
      <div class="figures">
        <dl class="ticket-facts">
          {facts(report).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <div class="ticket-sizes">
          <GrowthLine />
          <Sizes report={report} />
        </div>
      </div>
    </section>
  )
}

function facts(report: TicketReport): [string, ComponentChildren][] {
  const { config, search, construction, total } = report
  const rows: [string, ComponentChildren][] = [
    [
      'Found by',
      search
        ? `search (${search.algorithm}), ${integer(search.steps)} steps`
        : report.kind === 'searched'
          ? 'search'
          : 'pruning',
    ],
    ['Seed', <span class="number">{report.seed}</span>],
  ]
  if (config) {
    const { layers, width, heads, positions, vocabulary } = config
    const { keyHeads = heads } = config as { keyHeads?: number }
    const shared = keyHeads === heads ? '' : `, ${count(keyHeads, 'key head')}`
    rows.push(['Family', report.family])
    rows.push([
      'Shape',
      `${count(layers, 'layer')}, width ${width}, ${count(heads, 'head')}${shared}, context ${integer(positions)}, ${integer(vocabulary)} tokens`,
    ])
  }
  if (report.masks.length > 1) rows.push(['Mask', `${report.mask}, one of ${report.masks.length} in this file`])
  rows.push([
    'Kept',
    `${integer(total.kept)} of ${integer(total.maskBits)} random weights${construction ? ' of the second matrices' : ''} (${percent(total.fraction)})`,
  ])
  if (construction) {
    const { items, embeddingItems = null, itemsPer, attention = 'merged', dense = 'embeddings' } = construction
    const ofTables = embeddingItems === null || embeddingItems === items ? '' : `; ${embeddingItems} in embeddings`
    const unproved = Math.max(items, embeddingItems ?? 0) > MAX_EXACT_ITEMS ? ', not proved optimal' : ''
    rows.push([
      'Random products for a weight',
      `${itemsPer === 'matrix' ? `up to ${items}, by matrix` : `${items}${ofTables}`}${unproved}`,
    ])
    if (config) {
      rows.push(['Attention', attentionTexts[attention]])
      rows.push(['Kept dense', dense === 'none' ? 'nothing: no float of the trained model' : 'embeddings and norms'])
    }
  }
  rows.push(['Text as', textsOf(report)])
  if (search) {
    rows.push(['Learned from', search.corpus.name])
    if (search.validLoss !== null) rows.push(['Loss', `${search.validLoss.toFixed(3)} nats a token`])
  }
  const { parameters, bitsPerWeight } = report.size
  const stored = construction
    ? `${report.coding}; the file has ${bitsPerWeight.toFixed(3)} bits for each of ${integer(parameters)} weights`
    : `${report.coding}, ${total.bitsPerWeight.toFixed(3)} bits a weight`
  rows.push(['Masks stored as', stored])
  rows.push(['SHA-256', <code class="ticket-hash">{report.sha256}</code>])
  return rows
}

const count = (many: number, noun: string) => `${integer(many)} ${noun}${many === 1 ? '' : 's'}`

/** How scores are made of pairs. */
const attentionTexts = {
  merged: 'queries and keys merged, a pair a head',
  factored: 'queries and keys apart, a pair each',
  rotary: 'a pruned rotary layer, a pair a head and frequency',
} as const

/** What the texts of a ticket are read as. */
function textsOf({ tokenizer, config }: TicketReport): string {
  if (tokenizer !== null) return tokenizer
  if (opened.value?.reading === 'letters') return 'letters'
  return config && given.value.isThere ? 'tokens of the model it was pruned to' : 'no text'
}

/** Room is kept for it while the weights grow. */
function GrowthLine() {
  const { value } = grown
  if (!value) return <p class="ticket-growth">Its weights are not grown yet.</p>
  const { weights, milliseconds } = value
  const rate = milliseconds > 0 ? (1000 * weights) / milliseconds : 0
  const time = milliseconds < 10 ? milliseconds.toFixed(1) : integer(milliseconds)
  return (
    <p class="ticket-growth">
      Its <strong>{integer(weights)}</strong> random weights grew from the seed in <strong>{time} ms</strong>
      {rate > 0 && weights > 10_000 ? `: ${(rate / 1e6).toPrecision(3)} million a second, on one thread` : ''}.
    </p>
  )
}

function Sizes({ report }: { readonly report: TicketReport }) {
  const bars = [
    { name: 'this ticket', bytes: report.size.bytes, ratio: 1 },
    ...report.compared.filter(({ name }) => name !== '8-bit').map(({ name, bytes, ratio }) => ({ name, bytes, ratio })),
  ]
  const most = Math.max(...bars.map(({ bytes }) => bytes))
  return (
    <Figure
      title="Its size, and the same network stored densely"
      caption={`The file as a whole: ${byteText(report.size.masks)} of masks, ${byteText(report.size.further + report.size.dense)} of what else the network needs, ${byteText(report.size.header)} of description${report.size.others > 0 ? `, ${byteText(report.size.others)} of other masks` : ''}.`}
    >
      <table class="ticket-bars">
        <tbody>
          {bars.map(({ name, bytes, ratio }, i) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <span class="ticket-bar-room">
                  <span
                    class={i === 0 ? 'ticket-bar ticket-bar-own' : 'ticket-bar'}
                    style={{ width: `${Math.max(0.5, (100 * bytes) / most)}%` }}
                  />
                </span>
              </td>
              <td class="number">{byteText(bytes)}</td>
              <td class="number">{i === 0 ? '' : `${ratio.toPrecision(3)} ×`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Figure>
  )
}
