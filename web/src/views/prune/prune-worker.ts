import { samplePositions } from '../../../../src/experiments/output-error.js'
import { median } from '../../../../src/experiments/statistics.js'
import { createWasmSolver } from '../../../../src/kernels/index.js'
import { memorySource } from '../../../../src/safetensors/index.js'
import type { SubsetSumSolver } from '../../../../src/subset-sum/index.js'
import { loadKernels } from '../../kernels.js'
import { fetchSiteFile } from '../../site.js'
import { exposeTasks, type TaskContext } from '../../worker-task.js'
import { type InputChoice, MOST_DOUBLINGS, type SourceChoice, type TargetChoice } from './choices.js'
import { type ErrorCurve, traceErrors } from './error-curve.js'
import {
  attentionError,
  attentionMap,
  largestError,
  largestNorm,
  largestOutput,
  MOST_SHOWN,
  mergedTicket,
  outputBound,
} from './head-attention.js'
import { type PrunedHead, pruneHead } from './prune-head.js'
import type { Sorter } from './sorter.js'
import type { StoryHeads } from './story-heads.js'
import { createHeadInput, createTargetHead, SOURCE_STREAM, type TargetHead } from './target-head.js'

/** A pruned head, told as soon as it is solved. */
export interface HeadReport {
  readonly kind: 'head'
  readonly head: PrunedHead
  /** Over the entries of all merged matrices. */
  readonly largest: number
  readonly median: number
  readonly entries: number
  readonly outOfReach: number
  /** Milliseconds that the subset sums took. */
  readonly solved: number
  /** Whether they were solved for an earlier request. */
  readonly again: boolean
}

/** What target and ticket make of the input. */
export interface AttentionReport {
  readonly kind: 'attention'
  readonly length: number
  readonly rows: number
  readonly columns: number
  /** [rows, columns] each. */
  readonly target: Float64Array
  readonly ticket: Float64Array
  /** Largest Euclidean error of the output over the positions shown. */
  readonly error: number
  readonly bound: number
  /** Largest Euclidean norm of the target's output over the positions shown. */
  readonly outputSize: number
  /** Largest norm of an input. */
  readonly alpha: number
  readonly tokens?: readonly number[] | undefined
}

/** The output error against the length of the input. */
export interface LengthsReport {
  readonly kind: 'lengths'
  readonly lengths: readonly number[]
  readonly errors: readonly number[]
  readonly bound: number
  /** As in {@link AttentionReport}. */
  readonly outputSize: number
}

/** How much of a head is solved, where it takes a while; 0 < fraction <= 1. */
export interface ProgressReport {
  readonly kind: 'progress'
  readonly fraction: number
}

export type PruneReport = ProgressReport | HeadReport | AttentionReport | LengthsReport

/** The curve is drawn no more often than this, so that the page has time for its sliders. */
const REPORT_MS = 100

interface HeadRequest {
  readonly target: TargetChoice
  readonly source: SourceChoice
  readonly input: InputChoice
}

let solver: Promise<SubsetSumSolver> | undefined
let sorter: Promise<Sorter> | undefined
const getSolver = () => {
  solver ??= loadKernels().then(createWasmSolver)
  solver.catch(() => {
    solver = undefined
  })
  return solver
}
/** The sorter and what reads it are fetched together: the first view shows a random head. */
const loadSorter = async (): Promise<Sorter> => {
  const { openSorter } = await import('./sorter.js')
  return openSorter(async (name) => memorySource(await fetchSiteFile(`data/gpt-nano-sort/${name}`), name))
}
const getSorter = () => {
  sorter ??= loadSorter()
  sorter.catch(() => {
    sorter = undefined
  })
  return sorter
}

let stories: Promise<StoryHeads> | undefined
const getStories = () => {
  stories ??= import('./story-heads.js').then(async ({ openStoryHeads }) => {
    const name = 'story-heads.safetensors'
    return openStoryHeads(memorySource(await fetchSiteFile(name), name))
  })
  stories.catch(() => {
    stories = undefined
  })
  return stories
}

/** A text that is the same for the same choice. */
const keyOf = (...choices: object[]) =>
  JSON.stringify(choices, (_, value) => (typeof value === 'bigint' ? String(value) : value))

/** The last head, so that another input does not prune again. */
let last:
  | { readonly key: string; readonly target: TargetHead; readonly head: PrunedHead; readonly solved: number }
  | undefined

/** Work that is over sooner than this needs no bar. */
const QUIET_MS = 250

async function pruned({ target, source }: HeadRequest, { pause, report }: TaskContext<PruneReport>) {
  const key = keyOf(target, source)
  if (last?.key === key) return { ...last, again: true }
  const wanted = await createTargetHead(target, getSorter, getStories)
  const wasm = await getSolver()
  const started = performance.now()
  const head = await pruneHead(wasm, wanted, source, SOURCE_STREAM, {
    pause,
    onProgress(fraction) {
      if (performance.now() - started > QUIET_MS) report({ kind: 'progress', fraction })
    },
  })
  last = { key, target: wanted, head, solved: performance.now() - started }
  return { ...last, again: false }
}

const tasks = {
  /** Prunes a head and runs it: reports the head, then its attention, then the error at other lengths. */
  async head(request: HeadRequest, context: TaskContext<PruneReport>): Promise<void> {
    const { report, pause } = context
    const { target, head, solved, again } = await pruned(request, context)
    const matrices = [...head.scores, head.valueOutput]
    const errors = matrices.flatMap(({ weights, target }) => Array.from(weights, (w, i) => Math.abs(w - target[i])))
    report({
      kind: 'head',
      head,
      largest: Math.max(...matrices.map(largestError)),
      median: median(errors),
      entries: errors.length,
      outOfReach: matrices.reduce((sum, { reachable }) => sum + reachable.filter((value) => value === 0).length, 0),
      solved,
      again,
    })
    await pause()
    const layer = request.target.kind === 'sorter' ? request.target.layer : 0
    const { x, tokens } = await createHeadInput(request.input, target, layer, getSorter)
    const d = target.inputs
    const length = x.length / d
    const alpha = largestNorm(x, d)
    const bound = outputBound(target, head, alpha)
    const positions = samplePositions(length, MOST_SHOWN)
    const outputSize = largestOutput(target, x)
    report({
      kind: 'attention',
      length,
      rows: positions.length,
      columns: Math.min(length, MOST_SHOWN),
      target: attentionMap(target, target.scores, x, positions),
      ticket: attentionMap(target, mergedTicket(head).scores, x, positions),
      error: attentionError(target, mergedTicket(head), x),
      bound,
      outputSize,
      alpha,
      tokens,
    })
    await pause()
    const letters = request.input.kind === 'letters'
    const longest = letters
      ? x
      : (await createHeadInput({ ...request.input, length: 2 ** MOST_DOUBLINGS }, target, layer, getSorter)).x
    const lengths = letters
      ? Array.from({ length }, (_, i) => i + 1)
      : Array.from({ length: MOST_DOUBLINGS - 1 }, (_, i) => 2 ** (i + 2))
    const found: number[] = []
    for (const each of lengths) {
      found.push(attentionError(target, mergedTicket(head), longest.subarray(0, each * d)))
      await pause()
    }
    report({ kind: 'lengths', lengths, errors: found, bound, outputSize })
  },

  /** The curve of errors, again and again as it gets better. */
  async curve(
    {
      target: choice,
      source,
      input,
    }: {
      readonly target: TargetChoice
      readonly source: Omit<SourceChoice, 'items'>
      readonly input: InputChoice
    },
    { report, pause }: TaskContext<ErrorCurve>,
  ): Promise<void> {
    const target = await createTargetHead(choice, getSorter, getStories)
    const { x } = await createHeadInput(input, target, choice.kind === 'sorter' ? choice.layer : 0, getSorter)
    const sources = choice.kind === 'story' ? 2 : choice.kind === 'sorter' ? 6 : 12 // a rotary head of 64 inputs has 37,000 subset sums
    let told = Number.NEGATIVE_INFINITY
    await traceErrors(await getSolver(), target, source, x, sources, { pause }, (curve) => {
      const now = performance.now()
      if (now - told < REPORT_MS && curve.done < curve.total) return
      told = now
      report(curve)
    })
  },
}
export type PruneTasks = typeof tasks

exposeTasks(tasks)
