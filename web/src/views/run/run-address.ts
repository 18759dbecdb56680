import { LINK_LIMIT } from '../../../../src/ticket/ticket-text.js'
import { choice, integer, real, seed, text, urlState } from '../../url-state.js'
import { exampleNames } from './sources.js'

/** What the address of the view knows. At most one of `ticket`, `ticket10` and `file` is set; without them an example is shown. */
export const address = urlState('run', {
  example: choice('sorter', [...exampleNames, 'none']),
  /** A ticket as base64url (`#ticket=…`), or as digits, from a QR code. */
  ticket: text('', LINK_LIMIT),
  ticket10: text('', 8000),
  /** A ticket of slt serve, by its id: what cannot be one is not asked for. */
  file: { ...text('', 64), parse: (value: string) => (/^[\w-]{0,64}$/.test(value) ? value : undefined) },
  /** Which mask of a file that holds several; empty: its first. */
  mask: text('', 64),
  /** Empty: a new text, which suits any model. Prompts of examples stand in `sources.ts`. */
  prompt: text('', 4000),
  /** The second text that an encoder compares. */
  other: text('', 4000),
  list: text('', 32),
  count: integer(200, 1, 2000),
  temperature: real(0.8, 0, 2),
  topk: integer(0, 0, 50257),
  seed: seed(0n),
  device: choice('auto', ['auto', 'wasm', 'webgpu']),
})
