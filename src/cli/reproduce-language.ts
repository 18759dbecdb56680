import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeviceName } from '../engine/device.js'
import type {
  FigurePlan,
  LanguageFigureResult,
  LanguageModelRequest,
  LanguagePreset,
  PresetChanges,
  RunLanguageModel,
} from '../experiments/index.js'
import { BadUsage } from './failure.js'
import { count, short, type Terminal, table } from './terminal.js'

/** Options of `slt reproduce` that Figures 7 and 8 understand. */
export interface LanguageFlags extends PresetChanges {
  quick?: boolean
  paper?: boolean
  data?: string
  valid?: string
  raw?: boolean
  device?: DeviceName
  threads?: number
  queue?: string
  store?: string
  seed: bigint
  out: string
}

/** The corpus that comes with the package. */
const shakespeare = fileURLToPath(new URL('../../data/tinyshakespeare/input.txt', import.meta.url))

/** Said when Figures 7 and 8 are interrupted. */
export const languageAdvice = 'what is done is kept, and the same command goes on'

/** What {@link PreparedFigures} made, with how many runs there were and how many of them had been done before. */
export interface LanguageFigures {
  figures: LanguageFigureResult[]
  runs: { total: number; reused: number }
}

/** Checks what can be checked before anything is read or run; see `prepareLanguage`. */
export async function chooseLanguagePreset(flags: LanguageFlags): Promise<LanguagePreset> {
  if (flags.quick && flags.paper) throw new RangeError('"paper" expected without --quick: one preset at a time')
  if (flags.models && !flags.paper) throw new RangeError('"models" expected with --paper: other presets have one model')
  if (flags.paper && flags.data === undefined) {
    throw new BadUsage(
      '--paper needs the text of WikiText-103, which is not bundled: --data train.txt --valid valid.txt (text, or GPT-2 tokens as .bin)',
    )
  }
  if (flags.valid !== undefined && flags.data === undefined) {
    throw new RangeError('"valid" expected with --data: the bundled text is validated on its last tenth')
  }
  const { choosePreset } = await import('../experiments/index.js')
  return choosePreset(flags.quick ? 'quick' : flags.paper ? 'paper' : 'default', flags)
}

/** Figures that are ready to be made: nothing has been run. */
export interface PreparedFigures {
  readonly plans: readonly FigurePlan[]
  /**
   * Runs the language models, here as many side by side as cores and memory allow or by a queue, then makes the figures. Runs that both
   * figures need are run once; those that have ended before are not run again.
   */
  run(): Promise<LanguageFigures>
}

/**
 * Reads the text of Figures 7 and 8 and says what they will be made of.
 * @param numbers 7, 8 or both
 */
export async function prepareLanguage(
  numbers: readonly (7 | 8)[],
  preset: LanguagePreset,
  flags: LanguageFlags,
  { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
): Promise<PreparedFigures> {
  const [
    { corpusText, figure7Runs, figure8Runs, runFigure7, runFigure8 },
    { describeParts },
    { openCorpus },
    { openGraphRunner },
    { runLanguageModels },
  ] = await Promise.all([
    import('../experiments/index.js'),
    import('../data/index.js'),
    import('../files/corpus-files.js'),
    import('../engine/device.js'),
    import('./language-runs.js'),
  ])
  const { data = shakespeare, valid, raw, threads } = flags
  const { tokenizer, context } = preset
  if (flags.queue !== undefined && flags.store === undefined)
    throw new RangeError('"store" expected beside --queue: the folder or s3://bucket/prefix that slt work was given')
  if (raw && tokenizer !== 'bytes')
    throw new RangeError(`"raw" expected no --paper beside it, got a text of ${tokenizer}'s tokens`)
  const corpus = await openCorpus({ data, valid, tokenizer, raw, context, signal })
  terminal.note(describeParts(corpus))
  for (const warning of corpus.warnings) terminal.note(warning)
  const text = corpusText(flags.data === undefined ? 'tiny Shakespeare' : basename(resolve(data)), corpus)
  const plans = numbers.map((figure) => {
    return { figure, preset: preset.name, corpus: text, runs: (figure === 7 ? figure7Runs : figure8Runs)(preset) }
  })
  const run = async (): Promise<LanguageFigures> => {
    const { device, reason, summary } = await openGraphRunner({ device: flags.device, threads })
    const { queue, store, out } = flags
    const wanted = plans.flatMap(({ runs }) => runs)
    const requests = inOrder(preset, wanted)
    terminal.note(
      `${numbers.length > 1 ? 'figures 7 and 8' : `figure ${numbers[0]}`}, ${preset.name} preset: ${count(requests.length)} language models of ${count(preset.steps)} steps${wanted.length > requests.length ? ` (${wanted.length - requests.length} of them serve both figures)` : ''}`,
    )
    const where =
      queue === undefined
        ? `on ${device} (${flags.device === undefined ? summary : reason})`
        : `on ${device}, handed out by a queue`
    terminal.note(`${where}; corpus ${data}; results in ${store ?? join(out, 'store')}`)
    const places = { data: resolve(data), valid: valid && resolve(valid), raw: raw ?? false, out, queue, store }
    const running = { ...places, corpus, device, threads, terminal, signal }
    const { outcomes, reused } = await runLanguageModels(requests, running)
    if (reused > 0) terminal.note(`${reused} of ${requests.length} runs were done before`)
    const runLanguageModel: RunLanguageModel = async ({ name }) => outcomes.get(name)!
    const figures: LanguageFigureResult[] = []
    for (const figure of numbers) {
      figures.push(await (figure === 7 ? runFigure7 : runFigure8)({ preset, corpus: text, runLanguageModel }))
    }
    return { figures, runs: { total: requests.length, reused } }
  }
  return { plans, run }
}

/** Each run once, all of the first seed before those of the second: what is done early makes a whole figure of fewer seeds. */
function inOrder({ seeds }: LanguagePreset, requests: readonly LanguageModelRequest[]): LanguageModelRequest[] {
  const unique = [...new Map(requests.map((request) => [request.name, request])).values()]
  return seeds.flatMap((seed) => unique.filter((request) => request.seed === seed))
}

/** A figure's numbers, a line each. */
export function printPoints(terminal: Terminal, { series }: LanguageFigureResult): void {
  const isMany = series[0].points[0].losses.length > 1
  const rows = series.flatMap(({ name, points }) =>
    points.map(({ width, qkScale, nonZero, validLoss, bitsPerByte, attentionDeviation }) => [
      name,
      String(width),
      String(Number(qkScale.toFixed(2))),
      count(nonZero),
      validLoss.mean.toFixed(4),
      ...(isMany ? [validLoss.deviation.toFixed(4)] : []),
      bitsPerByte.mean.toFixed(3),
      short(attentionDeviation.mean),
    ]),
  )
  const head = ['', 'width', 'QK scale', 'non-zero', 'loss', ...(isMany ? ['std. dev.'] : []), 'bits a byte', 'logits']
  terminal.print(table(terminal.colour, head, rows))
}
