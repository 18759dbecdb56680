import { availableParallelism } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeviceName } from '../engine/device.js'
import type {
  FigurePlan,
  LanguageFigureResult,
  LanguageModelOutcome,
  LanguageModelRequest,
  LanguagePreset,
  PresetChanges,
  RunLanguageModel,
} from '../experiments/index.js'
import type { KeptRunResult, KeptRuns } from '../jobs/kept-runs.js'
import type { SettingsChoice } from '../search/settings.js'
import { BadUsage } from './failure.js'
import { createProgress } from './progress.js'
import { count, secondsText, short, type Terminal, table } from './terminal.js'

/** Options of `slt reproduce` that Figures 7 and 8 understand. */
export interface LanguageFlags extends PresetChanges {
  quick?: boolean
  paper?: boolean
  data?: string
  valid?: string
  raw?: boolean
  device?: DeviceName
  threads?: number
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
   * Runs the language models one after another, each in a folder of `<out>/runs`, then makes the figures. Runs that both figures
   * need are run once; those that have ended before are not run again.
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
    kept,
  ] = await Promise.all([
    import('../experiments/index.js'),
    import('../data/index.js'),
    import('../files/corpus-files.js'),
    import('../engine/device.js'),
    import('../jobs/kept-runs.js'),
  ])
  const { data = shakespeare, valid, raw, threads } = flags
  const { tokenizer, context } = preset
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
    const folder = join(flags.out, 'runs')
    const places = { folder, data: resolve(data), valid: valid && resolve(valid), raw }
    const wanted = plans.flatMap(({ runs }) => runs)
    const requests = inOrder(preset, wanted)
    terminal.note(
      `${numbers.length > 1 ? 'figures 7 and 8' : `figure ${numbers[0]}`}, ${preset.name} preset: ${count(requests.length)} language models of ${count(preset.steps)} steps, one after another${wanted.length > requests.length ? ` (${wanted.length - requests.length} of them serve both figures)` : ''}`,
    )
    const on = device === 'cpu' ? `${threads ?? availableParallelism()} threads of the CPU` : device
    terminal.note(`on ${on} (${flags.device === undefined ? summary : reason}); corpus ${data}; runs in ${folder}`)
    const { outcomes, reused } = await runAll(requests, kept.openKeptRuns({ ...places, corpus, device, threads }), {
      terminal,
      signal,
      vocabulary: corpus.tokenizer.vocabulary,
    })
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

async function runAll(
  requests: readonly LanguageModelRequest[],
  kept: KeptRuns,
  { terminal, signal, vocabulary }: { terminal: Terminal; signal: AbortSignal; vocabulary: number },
): Promise<{ outcomes: Map<string, LanguageModelOutcome>; reused: number }> {
  const { languageWork } = await import('../experiments/index.js')
  const outcomes = new Map<string, LanguageModelOutcome>()
  for (const request of requests) {
    const found = await kept.find(keptRun(request))
    if (found) outcomes.set(request.name, outcomeOf(request, found))
  }
  const reused = outcomes.size
  if (reused > 0) terminal.note(`${reused} of ${requests.length} runs already done`)
  const left = requests.filter(({ name }) => !outcomes.has(name))
  const gigaflops = (request: LanguageModelRequest) => languageWork(request, vocabulary) / 1e9
  const total = left.reduce((sum, request) => sum + gigaflops(request), 0)
  const progress = createProgress('Gflop')
  const started = performance.now()
  let done = 0
  try {
    for (const [i, request] of left.entries()) {
      signal.throwIfAborted()
      const label = `run ${reused + i + 1} of ${requests.length}: ${described(request)}`
      const at = (step: number) => done + (gigaflops(request) * step) / request.steps
      const result = await kept.run(keptRun(request), {
        signal,
        onStart: ({ from }) => progress.update(at(from), total, label),
        onStep: ({ step, loss }) => progress.update(at(step), total, `${label}, loss ${loss.toFixed(2)}`),
        onNote: (line) => terminal.note(line),
      })
      done += gigaflops(request)
      outcomes.set(request.name, outcomeOf(request, result))
      progress.stop()
      terminal.note(
        `${label}: validation loss ${result.validLoss.toFixed(3)}, ${secondsText(result.seconds)}, logits start at ${short(result.attentionDeviation.all)}`,
      )
      if (i === 0 && left.length > 1) {
        const more = ((performance.now() - started) / 1000) * (total / done - 1)
        terminal.note(`about ${secondsText(more)} for the rest, judging by the first`)
      }
    }
  } finally {
    progress.stop()
  }
  return { outcomes, reused }
}

function keptRun(request: LanguageModelRequest): { name: string; choice: SettingsChoice } {
  const { name, variant, width, keep, seed, ...same } = request
  const isSearch = variant === 'slt'
  const choice: SettingsChoice = {
    ...same,
    kind: isSearch ? 'search' : 'train',
    model: 'mini', // whose every dimension is given, but for the activation
    width: String(width),
    initialisation: 'gpt2',
    ...(isSearch ? { keep } : {}),
    seed: BigInt(seed),
  }
  return { name, choice }
}

function outcomeOf({ steps }: LanguageModelRequest, result: KeptRunResult): LanguageModelOutcome {
  const { validLoss, bitsPerByte, weights, nonZero, attentionDeviation, seconds } = result
  return { validLoss, bitsPerByte, weights, nonZero, attentionDeviation: attentionDeviation.all, steps, seconds }
}

const described = ({ variant, width, qkScale, seed }: LanguageModelRequest): string =>
  variant === 'slt'
    ? `SLT, width ${width}, QK scale ${Number(qkScale.toFixed(2))}, seed ${seed}`
    : `trained, width ${width}, seed ${seed}`

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
