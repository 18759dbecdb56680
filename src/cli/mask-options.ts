/** Options of `slt search` alone: how the weights are found. */
import type { Command } from 'commander'
import { selections } from '../kernels/ticket-step.js'
import { levelWords } from '../search/method-settings.js'
import { defaultText } from '../search/presets.js'
import { algorithms, type SettingsChoice } from '../search/settings.js'
import { maskCodings } from '../ticket/index.js'
import { integer, number, oneOf, positive } from './values.js'

/** Absent ones are not given: defaults come later. */
export interface MaskFlags {
  keep?: number
  selection?: SettingsChoice['selection']
  algorithm?: SettingsChoice['algorithm']
  anneal?: number
  softness?: number
  coats?: SettingsChoice['coats']
  levels?: SettingsChoice['levels']
  scales?: SettingsChoice['scales']
  density?: SettingsChoice['densities']
  embeddingBits?: number
  embeddingCoats?: number
  embeddingKeep?: number
  unusedRows?: SettingsChoice['unusedRows']
  scoreScale?: number
  bytes?: number
  redrawEvery?: number
  redrawRate?: number
}

/** What only a search has. */
export function addMaskOptions(command: Command): Command {
  return command
    .option(
      '--on <ticket>',
      "search the random network of this searched ticket: seed, sizes, norms, tokenizer and initialisations are the ticket's",
    )
    .option(
      '--into <ticket>',
      'add the mask to this searched ticket, beside those that it has, in place of --out (and of --on, where none is given)',
    )
    .option('--mask <name>', 'what the mask is called in its file (default: default, with --into the name of the data)')
    .option(
      '--keep <x>',
      `fraction of the weights kept, above 0 and below 1 (default: ${defaultText('search', 'keep')}, or that of the ticket --on)`,
      number('keep'),
    )
    .option(
      '--selection <s>',
      'top scores of each matrix or of all: per-layer (default), global',
      oneOf('selection', selections),
    )
    .option(
      '--algorithm <a>',
      `${algorithms.join(', ')} (default: ${defaultText('search', 'algorithm')})`,
      oneOf('algorithm', algorithms),
    )
    .option(
      '--anneal <x>',
      'annealed, or levels with a softness: part of the steps that are soft (default: 0.95)',
      number('anneal'),
    )
    .option(
      '--softness <x>',
      "temperature at the start. annealed: over the spread of a matrix' scores (default: 1); levels: over their distance (default: hard from the start)",
      positive('softness'),
    )
    .option(
      '--coats <fractions>',
      'multicoated: kept by the second coat, the third, ... (default: keep^2,keep^3)',
      fractions,
    )
    .option(
      '--levels <l>',
      'levels: -1, 0 and 1 (ternary, the default), or 2, 3 or 4 bits a weight; ada-sup: 0 to 2 coats (ternary), or 0 to 3, 7 or 15',
      oneOf('levels', levelWords),
    )
    .option(
      '--scales <s>',
      'none (default), or learned: one number a matrix, by which its weights are multiplied',
      oneOf('scales', ['none', 'learned'] as const),
    )
    .option(
      '--density <d>',
      'fractions kept of each matrix: uniform (default), erk, or by role: query=0.2,feed-forward=0.35 (the others share what is left of --keep)',
      readDensity,
    )
    .option(
      '--embedding-bits <n>',
      'tables and head: learned values of 2, 3 or 4 bits, which are not random',
      integer('embedding-bits', 2, 4),
    )
    .option('--embedding-coats <n>', 'tables and head: nested masks, 2 to 4 of them', integer('embedding-coats', 2, 4))
    .option('--embedding-keep <x>', 'tables and head: another fraction kept', number('embedding-keep'))
    .option(
      '--unused-rows <u>',
      'rows of tokens that the training text lacks: keep (default), share (one row for all of them), or drop (none: their logits are 0)',
      oneOf('unused-rows', ['keep', 'drop', 'share'] as const),
    )
    .option(
      '--bytes <n>',
      'a ticket of at most so many bytes, as 64k or 65536: chooses width and keep as far as they are not given, tables of 4 bits and norms gains',
      readBytes,
    )
    .option('--redraw-every <n>', 'iterand: steps between redrawings (default: 300)', integer('redraw-every', 1))
    .option(
      '--coding <c>',
      `how the ticket stores masks: ${maskCodings.join(', ')} (default: range)`,
      oneOf('coding', maskCodings),
    )
    .option('--redraw-rate <x>', 'iterand: part of the pruned weights redrawn (default: 0.1)', number('redraw-rate'))
}

/** @throws RangeError for two methods at once */
export function embeddingsOf({
  embeddingBits,
  embeddingCoats,
  embeddingKeep,
}: MaskFlags): SettingsChoice['embeddings'] {
  const given = Object.entries({ bits: embeddingBits, coats: embeddingCoats, keep: embeddingKeep }).filter(
    ([, value]) => value !== undefined,
  )
  if (given.length > 1) {
    const options = given.map(([name]) => `--embedding-${name}`)
    throw new RangeError(`${options.join(' and ')} expected one of them, got ${given.length}`)
  }
  return given.length === 0 ? undefined : (Object.fromEntries(given) as SettingsChoice['embeddings'])
}

/** `0.1,0.03` */
const fractions = (text: string): number[] => text.split(',').map(number('coats'))

/** `uniform`, `erk`, or `query=0.2,feed-forward=0.35`. */
function readDensity(text: string): SettingsChoice['densities'] {
  if (text === 'uniform' || text === 'erk') return text
  const parts = text.split(',').map((part) => part.split('='))
  if (parts.some((part) => part.length !== 2 || part[0] === '')) {
    throw new RangeError(`"density" expected uniform, erk or role=fraction with commas between them, got ${text}`)
  }
  return Object.fromEntries(parts.map(([role, value]) => [role, number(`density ${role}`)(value)]))
}

/** `64k`, `1.5M` or `65536`; k is 1,000. */
export function readBytes(text: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([kM]?)$/.exec(text)
  const bytes = match ? Math.floor(Number(match[1]) * { '': 1, k: 1e3, M: 1e6 }[match[2] as '' | 'k' | 'M']) : 0
  if (bytes >= 1) return bytes
  throw new RangeError(`"bytes" expected a number of bytes, as 64k, 1.5M or 65536, got ${text}`)
}
