/** The worker of the run view: it holds one ticket, its weights, and what they run on. */
import { transfer } from 'comlink'
import { expectToRun } from '../../../../src/engine/running-model.js'
import type { WebDevice } from '../../../../src/engine/web.js'
import { webSha256 } from '../../../../src/engine/web-sha256.js'
import { openTicketBytes } from '../../../../src/engine/web-ticket.js'
import type { Gpt2Config } from '../../../../src/families/gpt2/config.js'
import { inspectTicket, type MaskPicture } from '../../../../src/inspect/inspect-ticket.js'
import type { TicketReport } from '../../../../src/inspect/report.js'
import type { Kernels } from '../../../../src/kernels/index.js'
import { InputError } from '../../../../src/safetensors/index.js'
import { promptTokens } from '../../../../src/search/continue-text.js'
import { decodeCompact } from '../../../../src/ticket/compact.js'
import { pairsBytes, type Ticket } from '../../../../src/ticket/index.js'
import { readTicketText } from '../../../../src/ticket/ticket-text.js'
import { type Engine, openEngine } from '../../engine.js'
import { loadKernels } from '../../kernels.js'
import { exposeTasks, type TaskContext } from '../../worker-task.js'
import type { Growth } from './grow.js'
import { fastDecoders, type MaskWindow, maskCells, type OpenMask, openMask } from './masks.js'
import { pruneSorter, type SorterProgress } from './prune-sorter.js'
import { refusedTicket } from './refused-ticket.js'
import { type GrownModel, growModel, type RunningModel } from './running-model.js'
import { shareTicket } from './share-ticket.js'
import { sorterShape } from './sorter-shape.js'
import { type SortedCount, sortList, sortLists } from './sorting.js'
import { createTurns } from './turns.js'
import { seenAttention, ticketTokenizer, type WritingReport, type WritingRequest, writeText } from './writing.js'

/** On the way of `open`. */
export type OpenReport =
  | { readonly kind: 'picture'; readonly picture: MaskPicture }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number; readonly name: string }

interface Current {
  readonly ticket: Ticket
  readonly bytes: Uint8Array
  grown?: GrownModel
  running?: RunningModel
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

function ready(): RunningModel & { readonly ticket: Ticket; readonly config: Gpt2Config } {
  const { ticket, running: model } = opened()
  if (!model) throw new InputError(`${ticket.name}: its network is not ready yet`)
  return { ...model, ticket, config: model.model.config }
}

const tasks = {
  /** Opens a ticket from its file, or from a link or its digits, checks it, and reads every mask where it is asked to. */
  async open(
    { name, from, isInspected }: { name: string; from: Uint8Array | string; isInspected: boolean },
    { report, pause, signal }: TaskContext<OpenReport>,
  ): Promise<TicketReport | null> {
    const { running: last } = current ?? {}
    current = undefined
    if (last) await inTurn(() => last.release()).catch(() => {}) // of a GPU that is lost, say
    signal.throwIfAborted()
    try {
      const bytes = typeof from === 'string' ? decodeCompact(name, readTicketText(name, from), webSha256).bytes : from
      const ticket = await openTicketBytes(bytes, name)
      current = { ticket, bytes }
      await pause()
      if (!isInspected) return null
      return await inspectTicket(ticket, {
        decoderOf: fastDecoders(await theKernels(), ticket.seed),
        onPicture: (picture) => report({ kind: 'picture', picture }),
        onProgress: (done, total, mask) => report({ kind: 'progress', done, total, name: mask }),
        signal,
      })
    } catch (error) {
      throw refusedTicket(error, from)
    }
  },

  /** Makes the weights. */
  async grow(_: undefined, { report, pause }: TaskContext<Growth>) {
    const own = opened()
    const { ticket } = own
    try {
      if (ticket.kind === 'searched') expectToRun(ticket)
      else ticket.memory.expect(pairsBytes(ticket, Number.POSITIVE_INFINITY), 'run')
    } catch (error) {
      throw refusedTicket(error, own.bytes)
    }
    own.grown = await growModel(await theKernels(), ticket, { onGrowth: report, pause })
    const { weights, kept, milliseconds } = own.grown
    return { weights, kept, milliseconds }
  },

  /** Makes the network run on a device. */
  async start({ device }: { device: 'auto' | WebDevice }) {
    const own = opened()
    if (!own.grown) throw new InputError(`${own.ticket.name}: its weights are not made yet`)
    const { runner, lost: _, ...chosen } = await theEngine(device)
    const running = own.grown.start(runner)
    const { config } = running.model
    // Once beforehand: graphs are loaded, and a device that fails does so here.
    await inTurn(async () => {
      await running.decoder.read([0])
      if (config.positions > 1) await running.decoder.append(0)
    })
    own.running = running
    const sorter = sorterShape(config, own.ticket.kind === 'searched' ? own.ticket.metadata.tokenizer : null)
    return { ...chosen, sorter }
  },

  /** Ends when the GPU is lost: what runs on it then may never end. */
  lost: async ({ device }: { device: 'auto' | WebDevice }) => (await theEngine(device)).lost(),

  async write(request: WritingRequest, context: TaskContext<WritingReport>) {
    const model = ready()
    const tokenizer = await ticketTokenizer(model.ticket, model.config)
    return inTurn(() => writeText(model, tokenizer, request, context), context.signal)
  },

  /** The attention in a text that is not continued. */
  async look({ text }: { text: string }, { signal }: TaskContext<never>) {
    const model = ready()
    const tokenizer = await ticketTokenizer(model.ticket, model.config)
    return inTurn(() => seenAttention(model, tokenizer, promptTokens(tokenizer, text)), signal)
  },

  async sort({ list }: { list: string }, { signal }: TaskContext<never>) {
    const model = ready()
    return inTurn(() => sortList(model, list, signal), signal)
  },

  async sortAll(_: undefined, context: TaskContext<SortedCount>) {
    const { model, config, ticket } = ready()
    const shape = sorterShape(config, null)
    if (!shape) throw new InputError(`${ticket.name}: is no sorter of letters`)
    // batch by batch, so that a list of the visitor's is sorted in between
    return sortLists((...batch) => inTurn(() => model.logits(...batch)), shape, context)
  },

  /** Logits of every token that follows one of a text, [T, V], and by the decoder those after the last, [V]. */
  async logits({ tokens }: { tokens: readonly number[] }) {
    const { model, decoder } = ready()
    return inTurn(async () => {
      const all = await model.logits(Int32Array.from(tokens), 1, tokens.length)
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

  /** Prunes random matrices to the bundled sorter; answers with the ticket's file. */
  async prune({ device }: { device: 'auto' | WebDevice }, context: TaskContext<SorterProgress>) {
    const { runner } = await theEngine(device)
    return pruneSorter(await theKernels(), runner, context)
  },
}
export type RunTasks = typeof tasks

exposeTasks(tasks)
