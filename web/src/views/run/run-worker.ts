/** The worker of the run view: it holds one ticket, its weights, and what they run on. */
import { transfer } from 'comlink'
import type { Tokenizer } from '../../../../src/data/index.js'
import { expectToRun } from '../../../../src/engine/running-model.js'
import type { WebDevice } from '../../../../src/engine/web.js'
import { webSha256 } from '../../../../src/engine/web-sha256.js'
import { openTicketBytes } from '../../../../src/engine/web-ticket.js'
import { familyOf } from '../../../../src/families/family.js'
import { inspectTicket } from '../../../../src/inspect/inspect-ticket.js'
import type { TicketReport } from '../../../../src/inspect/report.js'
import type { Kernels } from '../../../../src/kernels/index.js'
import { InputError } from '../../../../src/safetensors/index.js'
import { promptTokens } from '../../../../src/search/continue-text.js'
import { decodeCompact } from '../../../../src/ticket/compact.js'
import { expectSearched, pairsBytes, type SearchedTicket, type Ticket } from '../../../../src/ticket/index.js'
import { readTicketText } from '../../../../src/ticket/ticket-text.js'
import { type Engine, openEngine } from '../../engine.js'
import { loadKernels } from '../../kernels.js'
import { titleInSentence } from '../../ui/matrix-title.js'
import { exposeTasks, type TaskContext } from '../../worker-task.js'
import { type Compared, compareTexts } from './comparing.js'
import { type Growth, KEPT_PAIRS } from './grow.js'
import {
  fastDecoders,
  type MaskWindow,
  maskCells,
  type OpenMask,
  openMask,
  type TitledPicture,
  titlesOf,
} from './masks.js'
import { type BundledModel, type PruningProgress, pruneExample, readBundledModel } from './prune-example.js'
import { refusedTicket } from './refused-ticket.js'
import { type GrownModel, growModel, type RunningModel, startDense } from './running-model.js'
import { shareTicket } from './share-ticket.js'
import { sorterShape } from './sorter-shape.js'
import { type SortedCount, sortList, sortLists } from './sorting.js'
import { type GivenTokenizer, openGiven, type TextReading, textReading, ticketTokenizer, tokenName } from './texts.js'
import { createTurns } from './turns.js'
import { seenAttention, type WritingReport, type WritingRequest, writerOf, writeText } from './writing.js'

/** On the way of `open`. */
export type OpenReport =
  | { readonly kind: 'picture'; readonly picture: TitledPicture }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number; readonly title: string }

/** What is opened. */
export interface OpenRequest {
  /** Stands in messages. */
  readonly name: string
  /** The file, or a link or its digits. */
  readonly from: Uint8Array | string
  /** Which mask of a file that holds several; its first where it is not told. */
  readonly mask?: string | undefined
  /** Whether the masks of its matrices are read. */
  readonly isInspected: boolean
  /** What the visitor gave for a ticket that names no tokenizer. */
  readonly tokenizer?: GivenTokenizer | undefined
  /** A bundled model that the ticket was pruned to, which writes beside it. */
  readonly target?: BundledModel | undefined
}

/** What is known of an opened ticket beside its report. */
export interface OpenedTicket {
  /** Null where it was not inspected. */
  readonly report: TicketReport | null
  /** What its model does; null of loose pairs. */
  readonly task: 'causal' | 'encoder' | null
  readonly reading: TextReading
}

interface Current {
  readonly ticket: Ticket
  readonly bytes: Uint8Array
  readonly target: BundledModel | undefined
  tokenizer?: Tokenizer
  grown?: GrownModel
  running?: RunningModel
  beside?: RunningModel
  mask?: OpenMask
}

let current: Current | undefined
let engine: { readonly asked: string; readonly opening: Promise<Engine> } | undefined
let kernels: Promise<Kernels> | undefined
const inTurn = createTurns()

// What fails to load is asked for again the next time.
const theKernels = () => {
  kernels ??= loadKernels()
  kernels.catch(() => {
    kernels = undefined
  })
  return kernels
}

function theEngine(device: 'auto' | WebDevice): Promise<Engine> {
  if (engine?.asked === device) return engine.opening
  const own = { asked: device, opening: openEngine(device) }
  own.opening.catch(() => {
    if (engine === own) engine = undefined
  })
  engine = own
  return own.opening
}

function opened(): Current {
  if (!current) throw new InputError('no ticket is open: open one first')
  return current
}

function ready(): Current & { readonly running: RunningModel } {
  const { ticket, running } = opened()
  if (!running) throw new InputError(`${ticket.name}: its network is not ready yet`)
  return { ...opened(), running }
}

/** A running network and the tokenizer of its texts. */
async function reader(): Promise<ReturnType<typeof ready> & { readonly tokenizer: Tokenizer }> {
  const own = ready()
  return { ...own, tokenizer: await ticketTokenizer(own.ticket, own.tokenizer) }
}

/** All masks of a ticket's file, in its order; undefined of a pruned ticket. */
async function masksInFile(ticket: Ticket, bytes: Uint8Array): Promise<SearchedTicket[] | undefined> {
  if (ticket.kind !== 'searched') return undefined
  const { name, masks, mask: open } = ticket
  return Promise.all(
    masks.map(async (mask) => (mask === open ? ticket : expectSearched(await openTicketBytes(bytes, name, { mask })))),
  )
}

const tasks = {
  /** Opens a ticket, checks it, and reads every mask where it is asked to. */
  async open(
    { name, from, mask, isInspected, tokenizer, target }: OpenRequest,
    { report, pause, signal }: TaskContext<OpenReport>,
  ): Promise<OpenedTicket> {
    const { running: last, beside } = current ?? {}
    current = undefined
    for (const each of [last, beside]) {
      if (each) await inTurn(() => each.release()).catch(() => {}) // of a GPU that is lost, say
    }
    signal.throwIfAborted()
    try {
      const bytes = typeof from === 'string' ? decodeCompact(name, readTicketText(name, from), webSha256).bytes : from
      const ticket = await openTicketBytes(bytes, name, { mask })
      current = { ticket, bytes, target }
      const { config } = ticket.metadata
      if (tokenizer && config) current.tokenizer = await openGiven(tokenizer, config.vocabulary)
      await pause()
      const reading = textReading(ticket)
      const opened = { task: config && familyOf(config).task, reading }
      if (!isInspected) return { ...opened, report: null }
      const titleOf = titlesOf(ticket, tokenName(reading))
      const inspected = await inspectTicket(ticket, {
        fileMasks: await masksInFile(ticket, bytes),
        decoderOf: fastDecoders(await theKernels(), ticket.seed),
        onPicture: (picture) => report({ kind: 'picture', picture: { ...picture, ...titleOf(picture.name) } }),
        onProgress: (done, total, mask) =>
          report({ kind: 'progress', done, total, title: titleInSentence(titleOf(mask)) }),
        signal,
      })
      return { ...opened, report: inspected }
    } catch (error) {
      throw refusedTicket(error, from)
    }
  },

  /** Reads the texts of the open ticket by what the visitor gave. */
  async readBy(given: GivenTokenizer): Promise<void> {
    const own = opened()
    const { config } = own.ticket.metadata
    if (!config) throw new InputError(`${own.ticket.name}: holds loose pairs, which read no text`)
    own.tokenizer = await openGiven(given, config.vocabulary)
  },

  /** Makes the weights. */
  async grow(_: undefined, { report, pause }: TaskContext<Growth>) {
    const own = opened()
    const { ticket } = own
    try {
      if (ticket.kind === 'searched') expectToRun(ticket)
      else ticket.memory.expect(pairsBytes(ticket, KEPT_PAIRS), 'run')
    } catch (error) {
      throw refusedTicket(error, own.bytes)
    }
    own.grown = await growModel(await theKernels(), ticket, { onGrowth: report, pause })
    const { weights, kept, milliseconds } = own.grown
    return { weights, kept, milliseconds }
  },

  /** Makes the network run on a device. */
  async start({ device }: { device: 'auto' | WebDevice }, { signal }: TaskContext<never>) {
    const own = opened()
    if (!own.grown) throw new InputError(`${own.ticket.name}: its weights are not made yet`)
    const { runner, lost: _, ...chosen } = await theEngine(device)
    const running = own.grown.start(runner)
    const { config } = running.model
    // Once beforehand: graphs are loaded, and a device that fails does so here.
    await inTurn(async () => {
      if (running.decoder === null) return running.model.hidden(Int32Array.of(0), 1, 1)
      await running.decoder.read([0])
      return config.positions > 1 && running.decoder.append(0)
    })
    if (own.target) {
      const trained = await readBundledModel(own.target, signal)
      own.beside = startDense(runner, trained.config, trained.weights)
    }
    own.running = running
    return { ...chosen, sorter: running.decoder && sorterShape(config, textReading(own.ticket)) }
  },

  /** Ends when the GPU is lost: what runs on it then may never end. */
  lost: async ({ device }: { device: 'auto' | WebDevice }) => (await theEngine(device)).lost(),

  async write(request: WritingRequest, context: TaskContext<WritingReport>) {
    const { running, beside, tokenizer } = await reader()
    const other = beside && writerOf(beside)
    return inTurn(() => writeText(running, tokenizer, request, context, other), context.signal)
  },

  /** The attention in a text that is not continued. */
  async look({ text }: { text: string }, { signal }: TaskContext<never>) {
    const { running, tokenizer } = await reader()
    return inTurn(() => seenAttention(running, tokenizer, promptTokens(tokenizer, text)), signal)
  },

  /** How alike an encoder finds two texts. */
  async compare({ texts }: { texts: readonly [string, string] }, { signal }: TaskContext<never>): Promise<Compared> {
    const { running, tokenizer } = await reader()
    return inTurn(() => compareTexts(running, tokenizer, texts), signal)
  },

  async sort({ list }: { list: string }, { signal }: TaskContext<never>) {
    const { running } = ready()
    return inTurn(() => sortList(running, list, signal), signal)
  },

  async sortAll(_: undefined, context: TaskContext<SortedCount>) {
    const { running, ticket } = ready()
    const { model } = running
    const shape = sorterShape(model.config, textReading(ticket))
    if (!shape) throw new InputError(`${ticket.name}: is no sorter of letters`)
    // batch by batch, so that a list of the visitor's is sorted in between
    return sortLists((...batch) => inTurn(() => model.logits(...batch)), shape, context)
  },

  /** Logits of every token that follows one of a text, [T, V], and by the decoder those after the last, [V]. */
  async logits({ tokens }: { tokens: readonly number[] }) {
    const { running } = ready()
    return inTurn(async () => {
      const all = await running.model.logits(Int32Array.from(tokens), 1, tokens.length)
      const decoder = writerOf(running)
      await decoder.read(tokens.slice(0, -1))
      return { all, appended: await decoder.append(tokens[tokens.length - 1]) }
    })
  },

  /** A part of a mask as kept fractions. */
  async cells({ name, window, cells }: { name: string; window: MaskWindow; cells: number }) {
    const own = opened()
    if (own.mask?.name !== name) own.mask = await openMask(await theKernels(), own.ticket, name)
    const shown = Math.min(window.rows, own.mask.rows) * Math.min(window.columns, own.mask.columns)
    own.ticket.memory.expect(own.mask.mask.length + shown, 'draw') // a byte a weight
    return maskCells(own.mask, window, cells)
  },

  /** The file as it was opened, or as a link gave it. */
  file() {
    const bytes = opened().bytes.slice()
    return transfer(bytes, [bytes.buffer])
  },

  share: ({ page }: { page: string }) => shareTicket(opened().ticket, page),

  /** Prunes random matrices to a bundled model; answers with the ticket's file. */
  async prune(
    { device, model }: { device: 'auto' | WebDevice; model: BundledModel },
    context: TaskContext<PruningProgress>,
  ) {
    const { runner } = await theEngine(device)
    return pruneExample(model, await theKernels(), runner, context)
  },
}
export type RunTasks = typeof tasks

exposeTasks(tasks)
