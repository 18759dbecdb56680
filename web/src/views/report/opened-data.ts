/** The report's data without a server: the example that comes with the page, and files that the visitor opens. */
import { type AnyFigure, allFigures, figureName } from '../../../../src/experiments/figure.js'
import { type MetricsRow, readMetricsRow } from '../../../../src/search/metrics.js'
import { fetchSiteFile, siteFile } from '../../site.js'
import { readFigure } from './figure-summary.js'
import type { ReportData, ShownFigure, ShownRun } from './report-data.js'

const OPENED = 'opened'

/** `data/example/example.json`, as scripts/web-example.mjs writes it. */
interface Example {
  readonly runs: readonly (ShownRun & {
    readonly rows: readonly MetricsRow[]
    readonly samples: readonly { step: number; text: string }[]
  })[]
  readonly figures: readonly AnyFigure[]
}

/** Shows the example: two short searches and some figures. */
export async function showExample(data: ReportData, signal: AbortSignal): Promise<void> {
  const bytes = await fetchSiteFile('data/example/example.json', signal)
  const { runs, figures } = JSON.parse(new TextDecoder().decode(bytes)) as Example
  for (const { id, rows, samples } of runs) {
    data.log(id).clear()
    data.log(id).append(rows)
    data.samples(id).value = samples
  }
  const opened = (data.runs.peek() ?? []).filter(({ state }) => state === 'opened')
  data.runs.value = [...opened, ...runs.map(({ rows: _, samples: __, ...run }) => run)]
  const at = (number: AnyFigure, ending: string) => siteFile(`data/example/figure-${number}.${ending}`)
  const shown = figures.map((number) => ({
    number,
    name: figureName(number),
    image: at(number, 'svg'),
    summary: at(number, 'json'),
  }))
  const own = (data.reports.peek() ?? []).filter(({ id }) => id === OPENED)
  data.reports.value = [...own, { id: 'example', name: 'example', page: undefined, figures: shown }]
}

/** Results are small; a larger file is something else. */
const RESULT_BYTES = 2 ** 25

/** A row of metrics has some 200 characters. */
const LINE_LENGTH = 2 ** 20

let opened = 0

/**
 * Shows a file: the metrics of a run, the results of a figure or its picture.
 * @throws Error in a plain sentence when it is none of these
 */
export async function openReportFile(data: ReportData, file: File): Promise<void> {
  if (/\.jsonl$/i.test(file.name)) return openLog(data, file)
  if (file.size > RESULT_BYTES) throw new Error(`${file.name} is too large for the results of a figure.`)
  if (/\.svg$/i.test(file.name)) {
    const number = allFigures.find((figure) => file.name.includes(`figure-${figure}`))
    const image = URL.createObjectURL(new Blob([await file.arrayBuffer()], { type: 'image/svg+xml' }))
    addFigure(data, { number, name: file.name, image, summary: undefined })
    return
  }
  const summary = readFigure(parse(await file.text()))
  if (!summary) {
    throw new Error(
      `${file.name} is neither the metrics of a run (metrics.jsonl) nor the results of a figure (figure-4.json to figure-8.json, figure-rotary.json, or .svg).`,
    )
  }
  addFigure(data, { number: summary.figure, name: file.name, image: undefined, summary })
}

async function openLog(data: ReportData, file: File): Promise<void> {
  const id = `${OPENED}${opened++}`
  const log = data.log(id)
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  let rows = 0
  const take = (lines: readonly string[]) => {
    const found = lines.map(readMetricsRow).filter((row) => row !== undefined)
    rows += found.length
    log.append(found)
  }
  for (;;) {
    const { done, value } = await reader.read()
    const lines = (rest + (value ?? '')).split('\n')
    rest = done ? '' : lines.pop()!
    take(lines)
    if (done) break
    if (rest.length > LINE_LENGTH) {
      await reader.cancel()
      throw new Error(`${file.name} has a line of more than a million characters: it is no run's metrics.`)
    }
  }
  if (rows === 0) throw new Error(`${file.name} holds no row of a run's metrics.`)
  const run: ShownRun = {
    id,
    name: file.name,
    state: 'opened',
    settings: undefined,
    last: log.last() ?? null,
    validLoss: log.validated()?.validLoss ?? null,
    accuracy: log.validated()?.accuracy ?? null,
    ticket: null,
  }
  data.runs.value = [run, ...(data.runs.peek() ?? [])]
}

/** A picture and numbers of the same figure stand together. */
function addFigure(data: ReportData, figure: ShownFigure): void {
  const reports = data.reports.peek() ?? []
  const own = reports.find(({ id }) => id === OPENED)?.figures ?? []
  const other = own.find(({ number }) => number !== undefined && number === figure.number)
  const both = { ...other, ...figure, image: figure.image ?? other?.image, summary: figure.summary ?? other?.summary }
  const figures = [both, ...own.filter((each) => each !== other)]
  const report = { id: OPENED, name: 'opened files', page: undefined, figures }
  data.reports.value = [report, ...reports.filter(({ id }) => id !== OPENED)]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
